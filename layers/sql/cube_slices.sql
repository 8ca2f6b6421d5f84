-- In which periods the breakdowns that were chosen have values at a level, by indicator.
SELECT k.indicator_key AS key, p.key AS period_key
FROM (SELECT DISTINCT s.indicator_key FROM slice AS s WHERE s.id = ANY (:slices)) AS k
CROSS JOIN period AS p
WHERE EXISTS (
    SELECT 1 FROM slice AS s
    JOIN slice_value AS v
      ON v.slice_id = s.id AND v.level = :level AND v.period_key = p.key AND v.value IS NOT NULL
    WHERE s.indicator_key = k.indicator_key AND s.id = ANY (:slices)
)
