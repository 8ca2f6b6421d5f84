-- West, south, east, north of an area, of the provinces of a region, or of all provinces.
SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)
FROM (
    SELECT ST_Extent(a.geom) AS e
    FROM area AS a
    WHERE a.geom IS NOT NULL AND upper_inf(a.valid)
      AND CASE WHEN CAST(:area_id AS bigint) IS NULL THEN a.level = 'province'
               ELSE a.id = :area_id OR (a.level = 'province' AND a.code IN (
                   SELECT m.province_code FROM region_member AS m WHERE m.region_id = :area_id
               )) END
) AS found
WHERE e IS NOT NULL
