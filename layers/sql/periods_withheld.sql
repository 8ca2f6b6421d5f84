-- In which periods, and at which levels, all that is known of an indicator is withheld.
SELECT i.key, l.level, p.key AS period_key
FROM indicator AS i
CROSS JOIN unnest(CAST(:levels AS text[])) AS l (level)
CROSS JOIN LATERAL (
    SELECT 1 FROM place_value AS v WHERE v.indicator_key = i.key AND v.level = l.level LIMIT 1
) AS there
CROSS JOIN period AS p
CROSS JOIN LATERAL (
    SELECT bool_or(v.status = 'suppressed') AS is_withheld FROM place_value AS v
    WHERE v.indicator_key = i.key AND v.level = l.level AND v.period_key = p.key
      AND NOT EXISTS (
        SELECT 1 FROM place_value AS w
        WHERE w.indicator_key = i.key AND w.level = l.level AND w.period_key = p.key
          AND w.value IS NOT NULL
      )
) AS told
WHERE told.is_withheld
ORDER BY i.key, l.level, p.end_date, p.start_date DESC
