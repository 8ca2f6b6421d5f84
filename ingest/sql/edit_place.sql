-- The sub-district in force that a shape lies in, else the nearest one not farther than :near.
SELECT a.id
FROM geo.area AS a
CROSS JOIN (SELECT ST_PointOnSurface(ST_GeomFromEWKB(:shape)) AS point) AS said
WHERE a.level = 'subdistrict' AND upper_inf(a.valid) AND ST_DWithin(a.geom, said.point, :near)
ORDER BY ST_Distance(a.geom, said.point), a.id
LIMIT 1
