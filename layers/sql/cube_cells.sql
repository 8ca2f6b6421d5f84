-- Prepared values of places at one level; slice 0 is the total, others are breakdowns.
SELECT v.place_id, v.indicator_key, 0::bigint AS slice_id, v.period_key, v.value, v.numerator,
       v.denominator, v.status, v.reporting, v.expected, v.basis, v.flags
FROM place_value AS v
WHERE v.level = :level AND v.indicator_key = ANY (:keys) AND v.period_key = ANY (:periods)
  AND v.place_id = ANY (CAST(:places AS bigint[]))
UNION ALL
SELECT v.place_id, s.indicator_key, v.slice_id, v.period_key, v.value, v.numerator,
       v.denominator, v.status, v.reporting, v.expected, v.basis, v.flags
FROM slice_value AS v
JOIN slice AS s ON s.id = v.slice_id
WHERE v.slice_id = ANY (:slices) AND v.level = :level AND v.period_key = ANY (:periods)
  AND v.place_id = ANY (CAST(:places AS bigint[]))
