-- In which periods, and at which levels, each indicator has values: a look into the primary key
-- for each, instead of reading them all.
SELECT i.key, l.level, p.key AS period_key
FROM indicator AS i
CROSS JOIN unnest(CAST(:levels AS text[])) AS l (level)
CROSS JOIN LATERAL (
    SELECT 1 FROM place_value AS v WHERE v.indicator_key = i.key AND v.level = l.level LIMIT 1
) AS there
CROSS JOIN period AS p
CROSS JOIN LATERAL (
    SELECT 1 FROM place_value AS v
    WHERE v.indicator_key = i.key AND v.level = l.level AND v.period_key = p.key
      AND v.value IS NOT NULL
    LIMIT 1
) AS valued
ORDER BY i.key, l.level, p.end_date, p.start_date DESC
