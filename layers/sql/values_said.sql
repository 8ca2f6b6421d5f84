-- Note in which periods a finished level has rows. Own rows are those not added up.
INSERT INTO value_said
SELECT k, level, t, bool_or(value IS NOT NULL), bool_or(basis <> 'aggregated'),
       bool_or(value IS NOT NULL AND basis <> 'aggregated')
FROM value_raw
WHERE level = :level AND k = ANY (CAST(:ks AS smallint[]))
GROUP BY k, level, t
