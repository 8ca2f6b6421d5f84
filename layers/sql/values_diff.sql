-- What differs from what is stored: rows to forget (`gone`), rows to keep (`k`), often both.
CREATE TEMP TABLE value_diff ON COMMIT DROP AS
SELECT o.key AS gone_key, o.gone, n.*
FROM (SELECT * FROM value_new WHERE NOT is_fresh) AS n
FULL JOIN (
    SELECT r.k, r.key, l.level, p.t, v.place_id, v.ctid AS gone, v.value, v.numerator,
           v.denominator, v.status, v.reporting, v.expected, v.basis, v.flags
    FROM place_value AS v
    JOIN value_rule AS r ON r.key = v.indicator_key AND r.is_wanted AND NOT r.is_fresh
    JOIN value_level AS l ON l.name = v.level
    JOIN value_time AS p ON p.key = v.period_key AND p.is_stored
    WHERE v.indicator_key = ANY (:keys)
) AS o ON o.k = n.k AND o.level = n.level AND o.t = n.t AND o.place_id = n.place_id
WHERE (n.value, n.numerator, n.denominator, n.status, n.reporting, n.expected, n.basis, n.flags)
      IS DISTINCT FROM
      (o.value, o.numerator, o.denominator, o.status, o.reporting, o.expected, o.basis, o.flags)
