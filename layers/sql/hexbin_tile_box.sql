-- The box of a tile in degrees, with the margin that is drawn around it.
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (
    SELECT ST_Transform(
        ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096), 4326
    ) AS box
) AS tile
