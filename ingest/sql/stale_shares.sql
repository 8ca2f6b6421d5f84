-- Areas that should have shares at every resolution and have none, or have some of another
-- shape. Sub-districts with a shape; districts and provinces with a shape but none below.
WITH shaped AS (
    SELECT a.id, a.level, a.code, a.parent_id, a.geom, coalesce(a.shape_version_id, 0) AS version
    FROM geo.area AS a
    WHERE a.level IN ('subdistrict', 'district', 'province') AND a.geom IS NOT NULL
),

used AS (
    SELECT * FROM shaped WHERE level = 'subdistrict'
    UNION ALL
    SELECT * FROM shaped AS d
    WHERE d.level = 'district'
      AND NOT EXISTS (SELECT 1 FROM shaped AS s WHERE s.parent_id = d.id)
    UNION ALL
    SELECT * FROM shaped AS p
    WHERE p.level = 'province'
      AND NOT EXISTS (SELECT 1 FROM shaped AS d WHERE d.parent_id = p.id)
      AND NOT EXISTS (
          SELECT 1 FROM shaped AS s JOIN geo.area AS d ON d.id = s.parent_id
          WHERE s.level = 'subdistrict' AND d.parent_id = p.id
      )
)

SELECT u.id, u.version, ST_AsBinary(u.geom) AS shape
FROM used AS u
WHERE EXISTS (
    SELECT 1
    FROM unnest((:resolutions)::smallint []) AS wanted (resolution)
    WHERE coalesce((
        SELECT c.version FROM geo.cell_share AS c
        WHERE c.resolution = wanted.resolution AND c.area_id = u.id LIMIT 1
    ), -1) <> u.version
)
ORDER BY u.code, u.id
