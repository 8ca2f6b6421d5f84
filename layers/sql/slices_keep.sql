-- Write the values of breakdowns, made by one rebuild whose indicators are slices: their keys are
-- the indicator's key with the breakdown behind it.
--
-- Who sees all members but one, and the total, knows that one: where one member of a breakdown is
-- withheld at a place, so are the others of the same place and period.
WITH made AS (
    SELECT s.id AS slice_id, l.name AS level, p.key AS period_key, n.place_id, n.value,
           n.numerator, n.denominator, n.status, n.reporting, n.expected, n.basis, n.flags,
           bool_or(n.status = 'suppressed')
               OVER (PARTITION BY s.indicator_key, d.dimensions, n.level, n.t, n.place_id) AS hide
    FROM value_new AS n
    JOIN value_rule AS r ON r.k = n.k
    JOIN slice AS s ON s.indicator_key || s.breakdown::text = r.key
    CROSS JOIN LATERAL (
        SELECT array_agg(k ORDER BY k) AS dimensions FROM jsonb_object_keys(s.breakdown) AS k
    ) AS d
    JOIN value_level AS l ON l.level = n.level
    JOIN value_time AS p ON p.t = n.t
)
INSERT INTO slice_value (
    slice_id, level, period_key, place_id, value, numerator, denominator, status,
    reporting, expected, basis, flags
)
SELECT slice_id, level, period_key, place_id,
       CASE WHEN NOT hide THEN value END,
       CASE WHEN NOT hide THEN numerator END,
       CASE WHEN NOT hide THEN denominator END,
       CASE WHEN hide AND value IS NOT NULL THEN 'suppressed' ELSE status END,
       reporting, expected, basis, flags
FROM made
ORDER BY slice_id, level, period_key, place_id
