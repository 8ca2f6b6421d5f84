-- What changes when the load is undone: everything it wrote, and everything it keeps an image of.
SELECT DISTINCT 'indicator:' || o.indicator_key
FROM geo.observation o
WHERE o.version_id = :version
    OR o.id IN (
        SELECT b.row_id FROM geo.row_before b
        WHERE b.version_id = :version AND b.table_name = 'observation'
    )
UNION
SELECT DISTINCT 'indicator:' || (b.image::geo.observation).indicator_key
FROM geo.row_before b
WHERE b.version_id = :version AND b.table_name = 'observation' AND b.image <> ''
UNION
SELECT DISTINCT 'layer:' || f.layer_id FROM geo.feature f WHERE f.version_id = :version
UNION
SELECT DISTINCT 'layer:' || (b.image::geo.feature).layer_id
FROM geo.row_before b
WHERE b.version_id = :version AND b.table_name = 'feature' AND b.image <> ''
UNION
SELECT 'areas'
WHERE EXISTS (SELECT FROM geo.area a WHERE a.version_id = :version)
    OR EXISTS (
        SELECT FROM geo.row_before b
        WHERE b.version_id = :version
            AND (b.table_name IN ('area', 'area_code', 'region_member')
                OR b.table_name = 'area_event' AND EXISTS (
                    SELECT FROM geo.area_event e WHERE e.id = b.row_id AND e.level <> 'org'
                ))
    )
UNION
SELECT 'orgs'
WHERE EXISTS (SELECT FROM geo.org g WHERE g.version_id = :version)
    OR EXISTS (
        SELECT FROM geo.row_before b
        WHERE b.version_id = :version AND b.table_name IN ('org', 'org_code', 'org_coverage')
    )
