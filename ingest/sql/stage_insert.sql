INSERT INTO geo.observation (
    indicator_key, area_id, org_id, period_key, breakdown, value, numerator, denominator,
    status, flags, source_row, dataset_id, version_id
)
SELECT
    indicator_key, area_id, org_id, period_key, breakdown, value, numerator, denominator,
    status, flags, source_row, :dataset, :version
FROM stage_observation
WHERE existing IS NULL
ORDER BY indicator_key, period_key, source_row
