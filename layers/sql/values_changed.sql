SELECT r.key FROM value_rule AS r
WHERE r.is_fresh
  AND (SELECT 1 FROM place_value AS v WHERE v.indicator_key = r.key LIMIT 1) IS NOT NULL
UNION
SELECT coalesce(d.gone_key, r.key)
FROM value_diff AS d
LEFT JOIN value_rule AS r ON r.k = d.k
