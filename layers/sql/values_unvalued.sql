-- An added-up row without a value makes room when the parts of the place itself give one.
DELETE FROM value_raw AS v
WHERE v.level = :level AND v.k = ANY (CAST(:ks AS smallint[]))
  AND v.value IS NULL AND v.basis = 'aggregated'
  AND EXISTS (
    SELECT 1 FROM value_raw AS w
    WHERE w.level = :level AND w.k = v.k AND w.t = v.t AND w.place_id = v.place_id
      AND w.value IS NOT NULL
  )
