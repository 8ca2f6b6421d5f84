-- Names of the places of a level in force on a day as a tile of points, one for each place.
WITH edges AS (
    SELECT ST_TileEnvelope(:zoom, :x, :y) AS box
),
place AS (
    SELECT a.code, a.name_th, a.name_en, a.point, a.area_km2
    FROM area AS a, edges
    WHERE a.level = :level AND a.valid @> coalesce(CAST(:day AS date), current_date)
      AND (CAST(:scheme AS text) IS NULL OR a.scheme = :scheme)
      AND a.point && ST_Transform(edges.box, 4326)
    UNION ALL
    SELECT o.code, o.name_th, o.name_en, o.point, o.area_km2
    FROM org AS o, edges
    WHERE :level = 'org' AND o.valid @> coalesce(CAST(:day AS date), current_date)
      AND o.point && ST_Transform(edges.box, 4326)
),
drawn AS (
    SELECT ST_AsMVTGeom(ST_Transform(place.point, 3857), edges.box, 4096, 0, true) AS shape,
           place.code, place.name_th, place.name_en
    FROM place, edges
    ORDER BY place.area_km2 DESC NULLS LAST, place.code
)
SELECT ST_AsMVT(drawn, 'names', 4096, 'shape') FROM drawn WHERE shape IS NOT NULL
