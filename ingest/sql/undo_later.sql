-- Loads after this one that changed rows which this one wrote or changed.
SELECT DISTINCT v.dataset_id, v.version
FROM geo.row_before other
JOIN geo.dataset_version v ON v.id = other.version_id
WHERE other.version_id > :version
    AND (
        EXISTS (
            SELECT FROM geo.row_before mine
            WHERE mine.version_id = :version
                AND mine.table_name = other.table_name AND mine.row_id = other.row_id
        )
        OR other.table_name = 'observation' AND EXISTS (
            SELECT FROM geo.observation o WHERE o.id = other.row_id AND o.version_id = :version
        )
        OR other.table_name IN ('area', 'area_code', 'region_member') AND EXISTS (
            SELECT FROM geo.area a WHERE a.id = other.row_id AND a.version_id = :version
        )
        OR other.table_name IN ('org', 'org_code', 'org_coverage') AND EXISTS (
            SELECT FROM geo.org g WHERE g.id = other.row_id AND g.version_id = :version
        )
        OR other.table_name = 'feature' AND EXISTS (
            SELECT FROM geo.feature f WHERE f.id = other.row_id AND f.version_id = :version
        )
    )
