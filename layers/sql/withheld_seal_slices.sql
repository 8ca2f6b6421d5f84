-- The same for breakdowns, of which a period is always written whole.
DELETE FROM sealed_slice_value AS v USING slice AS s
WHERE s.id = v.slice_id AND s.indicator_key = ANY (:keys)
  AND (:is_whole OR v.period_key IN (SELECT p.key FROM value_time AS p WHERE p.is_stored));
INSERT INTO sealed_slice_value (
    slice_id, level, period_key, place_id, value, numerator, denominator, status, is_listed
)
SELECT s.id, n.level, n.period_key, n.place_id, n.value, n.numerator, n.denominator, n.status,
       n.is_listed
FROM value_sealed AS n
JOIN slice AS s ON s.indicator_key || s.breakdown::text = n.key
WHERE n.is_sliced
