-- A part that withholds nothing is read back as it was prepared, instead of prepared again.
INSERT INTO value_raw
SELECT r.k, l.level, p.t, v.place_id, v.value, v.numerator, v.denominator, v.status,
       v.reporting, v.expected, v.basis, v.flags
FROM place_value AS v
JOIN value_rule AS r ON r.key = v.indicator_key
JOIN value_level AS l ON l.name = v.level
JOIN value_time AS p ON p.key = v.period_key
WHERE v.indicator_key = ANY (:keys) AND v.status <> 'not_reported'
