-- Take what was reported, one value per place and period.
--
-- When several data sets report the same place, the one that knows more places of that level
-- and period wins; then the one loaded last. A blank never beats a value, and sample data
-- never stands beside real data of the same level and period.
INSERT INTO value_raw
WITH said AS (
    SELECT CASE WHEN o.org_id IS NULL THEN a.level ELSE 'org' END AS level,
           o.period_key, coalesce(o.area_id, o.org_id) AS place_id,
           o.value, o.numerator, o.denominator, o.status, o.flags,
           o.dataset_id, o.version_id, d.is_sample
    FROM observation AS o
    JOIN dataset AS d ON d.id = o.dataset_id
    LEFT JOIN area AS a ON a.id = o.area_id
    WHERE o.indicator_key = :key AND o.breakdown = '{}'
),
known AS (
    SELECT level, period_key, dataset_id, is_sample,
           count(value) AS places, max(version_id) AS newest,
           min(is_sample::int) OVER (PARTITION BY level, period_key) = 0 AS real_data
    FROM said
    GROUP BY level, period_key, dataset_id, is_sample
)
SELECT DISTINCT ON (s.level, s.period_key, s.place_id)
       :key, s.level, s.period_key, s.place_id, s.value, s.numerator, s.denominator, s.status,
       (s.value IS NOT NULL)::int, (s.status <> 'not_applicable')::int, 'reported', s.flags
FROM said AS s
JOIN known AS k USING (level, period_key, dataset_id)
-- What was not reported is the absence of a row here: it may yet be added up from below.
WHERE s.status <> 'not_reported' AND NOT (k.is_sample AND k.real_data)
ORDER BY s.level, s.period_key, s.place_id, s.value IS NULL, k.places DESC, k.newest DESC,
         s.dataset_id
