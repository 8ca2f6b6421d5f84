-- Write the values of breakdowns, whose rules are keyed by the indicator with the breakdown behind.
INSERT INTO slice_value (
    slice_id, level, period_key, place_id, value, numerator, denominator, status,
    reporting, expected, basis, flags
)
SELECT s.id, l.name, p.key, n.place_id, n.value, n.numerator, n.denominator, n.status,
       n.reporting, n.expected, n.basis, n.flags
FROM value_sliced AS n
JOIN value_rule AS r ON r.k = n.k
JOIN slice AS s ON s.indicator_key || s.breakdown::text = r.key
JOIN value_level AS l ON l.level = n.level
JOIN value_time AS p ON p.t = n.t
ORDER BY s.id, l.name, p.key, n.place_id
