DELETE FROM slice_value AS v USING slice AS s
WHERE s.id = v.slice_id AND s.indicator_key = ANY (:keys)
  AND (:is_whole OR v.period_key IN (SELECT p.key FROM value_time AS p WHERE p.is_stored))
