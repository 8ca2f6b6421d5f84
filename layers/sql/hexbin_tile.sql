-- Cells handed over with their outlines (WKB, EPSG:4326), drawn as one vector tile.
WITH handed AS (
    SELECT *
    FROM unnest(
        (:cell)::text [], (:value)::float8 [], (:numerator)::float8 [], (:denominator)::float8 [],
        (:reporting)::int [], (:expected)::int [], (:status)::text [], (:shapes)::bytea []
    ) AS c (cell, value, numerator, denominator, reporting, expected, status, outline)
),

drawn AS (
    SELECT
        cell,
        value,
        numerator,
        denominator,
        reporting,
        expected,
        status,
        ST_AsMVTGeom(
            ST_Transform(ST_GeomFromWKB(outline, 4326), 3857),
            ST_TileEnvelope(:z, :x, :y),
            4096, 64, true
        ) AS shape
    FROM handed
)

SELECT ST_AsMVT(kept, :layer, 4096, 'shape')
FROM (SELECT * FROM drawn WHERE shape IS NOT NULL) AS kept
