-- Write what is new.
INSERT INTO place_value (
    indicator_key, level, period_key, place_id, value, numerator, denominator, status,
    reporting, expected, basis, flags, version
)
SELECT :key, n.level, n.period_key, n.place_id, n.value, n.numerator, n.denominator, n.status,
       n.reporting, n.expected, n.basis, n.flags, :version
FROM value_new AS n
WHERE NOT EXISTS (
    SELECT 1 FROM place_value AS t
    WHERE t.indicator_key = :key AND t.level = n.level AND t.period_key = n.period_key
      AND t.place_id = n.place_id
)
ORDER BY n.level, n.period_key, n.place_id
