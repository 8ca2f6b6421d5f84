-- What readers may see: levels no finer than allowed, small counts withheld, and a row that
-- says "not reported" for every place that could have reported.
DROP TABLE IF EXISTS value_new;
CREATE TEMP TABLE value_new ON COMMIT DROP AS
WITH small_part AS (
    SELECT DISTINCT v.level, v.period_key, v.place_id
    FROM value_raw AS v
    JOIN unnest(CAST(:part_keys AS text[]), CAST(:part_limits AS float8[])) AS k (key, below)
        ON k.key = v.indicator_key
    WHERE v.value > 0 AND v.value < k.below
),
withheld AS (
    SELECT v.*, v.value IS NOT NULL AND (
               s.place_id IS NOT NULL
               OR (NOT :is_ratio AND v.value > 0 AND v.value < :own_limit)
               OR (v.numerator > 0 AND v.numerator < :own_limit) IS TRUE
               OR (v.denominator > 0 AND v.denominator < :denominator_limit) IS TRUE
           ) AS hide
    FROM value_raw AS v
    LEFT JOIN small_part AS s USING (level, period_key, place_id)
    WHERE v.indicator_key = :key AND v.level = ANY (:levels)
)
SELECT level, period_key, place_id,
       CASE WHEN NOT hide THEN value END AS value,
       CASE WHEN NOT hide THEN numerator END AS numerator,
       CASE WHEN NOT hide THEN denominator END AS denominator,
       CASE WHEN hide THEN 'suppressed' ELSE status END AS status,
       reporting, expected, basis, flags
FROM withheld
UNION ALL
SELECT r.level, r.period_key, p.place_id, NULL, NULL, NULL, 'not_reported', 0, 1, 'reported', '{}'
FROM (
    SELECT DISTINCT v.level, v.period_key, q.end_date
    FROM value_raw AS v
    JOIN period AS q ON q.key = v.period_key
    WHERE v.indicator_key = :key AND v.basis <> 'aggregated' AND v.level = ANY (:levels)
      AND v.level <> 'region'
) AS r
JOIN value_place AS p ON p.level = r.level AND p.valid @> r.end_date
WHERE (p.tier IS NULL OR p.tier = ANY (:tiers))
  AND NOT EXISTS (
    SELECT 1 FROM value_raw AS v
    WHERE v.indicator_key = :key AND v.level = r.level AND v.period_key = r.period_key
      AND v.place_id = p.place_id
  )
