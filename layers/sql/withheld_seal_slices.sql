-- The same for breakdowns, which are always written whole.
DELETE FROM sealed_slice_value AS v USING slice AS s
WHERE s.id = v.slice_id AND s.indicator_key = ANY (:keys);
INSERT INTO sealed_slice_value (
    slice_id, level, period_key, place_id, value, numerator, denominator, status
)
SELECT s.id, n.level, n.period_key, n.place_id, n.value, n.numerator, n.denominator, n.status
FROM value_sealed AS n
JOIN slice AS s ON s.indicator_key || s.breakdown::text = n.key
WHERE n.is_sliced
