DELETE FROM slice_value AS v USING slice AS s
WHERE s.id = v.slice_id AND s.indicator_key = ANY (:keys)
