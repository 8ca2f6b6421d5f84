-- Indicators that nothing is stored of need no comparing.
UPDATE value_rule AS r
SET is_fresh = (SELECT 1 FROM place_value AS v WHERE v.indicator_key = r.key LIMIT 1) IS NULL
WHERE r.is_wanted AND NOT r.is_sliced
