-- An added-up row without a value makes room when the parts of the place itself give one.
DELETE FROM value_raw AS v
WHERE v.indicator_key = :key AND v.level = :level AND v.value IS NULL AND v.basis = 'aggregated'
  AND EXISTS (
    SELECT 1 FROM value_raw AS w
    WHERE w.indicator_key = :key AND w.level = :level AND w.period_key = v.period_key
      AND w.place_id = v.place_id AND w.value IS NOT NULL
  )
