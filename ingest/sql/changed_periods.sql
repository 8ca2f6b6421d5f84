-- Periods of the observations that some loads wrote or took away; one that was rewritten keeps its
-- period.
SELECT DISTINCT o.period_key
FROM geo.observation AS o
WHERE o.version_id = ANY (:loads)
UNION
SELECT DISTINCT (b.image::geo.observation).period_key
FROM geo.row_before AS b
WHERE b.version_id = ANY (:loads) AND b.table_name = 'observation' AND b.image <> ''
  AND NOT EXISTS (SELECT FROM geo.observation AS o WHERE o.id = b.row_id)
