-- A weighted mean adds up as value times weight over weight.
UPDATE value_raw AS v
SET numerator = v.value * w.value, denominator = w.value,
    flags = CASE WHEN w.used = v.period_key THEN v.flags
                 ELSE v.flags || ('denominator-' || w.used) END
FROM (
    SELECT DISTINCT ON (p.key, r.level, r.place_id)
           p.key AS period_key, r.level, r.place_id, r.value, r.period_key AS used
    FROM value_raw AS r
    JOIN period AS q ON q.key = r.period_key
    JOIN period AS p
        ON p.key = q.key
        OR (q.end_date <= p.end_date AND q.end_date >= p.end_date - make_interval(years => :years)
            AND :years > 0)
    WHERE r.indicator_key = :weight AND r.value IS NOT NULL
      AND p.key IN (SELECT DISTINCT period_key FROM value_raw WHERE indicator_key = :key)
    ORDER BY p.key, r.level, r.place_id, (q.key = p.key) DESC, q.end_date DESC
) AS w
WHERE v.indicator_key = :key AND v.value IS NOT NULL
  AND w.level = v.level AND w.period_key = v.period_key AND w.place_id = v.place_id
