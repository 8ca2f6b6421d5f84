-- Write indicators that nothing was stored of.
INSERT INTO place_value (
    indicator_key, level, period_key, place_id, value, numerator, denominator, status,
    reporting, expected, basis, flags, version
)
SELECT r.key, l.name, p.key, n.place_id, n.value, n.numerator, n.denominator, n.status,
       n.reporting, n.expected, n.basis, n.flags, r.version
FROM value_new AS n
JOIN value_rule AS r ON r.k = n.k
JOIN value_level AS l ON l.level = n.level
JOIN value_time AS p ON p.t = n.t
WHERE n.is_fresh
ORDER BY n.k, l.place_in_index, n.t, n.place_id
