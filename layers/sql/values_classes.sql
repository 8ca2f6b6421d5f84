-- The class of another indicator's value: 1 below the first limit, one more for each reached.
-- Limits count from the day they were set to the day they ended.
INSERT INTO value_raw
WITH limits AS (
    SELECT * FROM unnest(
        CAST(:limits AS float8[]), CAST(:since AS date[]), CAST(:until AS date[])
    ) AS said (lowest, since, until)
)
SELECT :k, v.level, v.t, v.place_id,
       CASE WHEN v.value IS NOT NULL
            THEN 1 + (
                SELECT count(*) FROM limits AS l
                WHERE l.lowest <= v.value AND (l.since IS NULL OR l.since <= p.end_date)
                  AND (l.until IS NULL OR p.end_date <= l.until)
            )
       END,
       v.numerator, v.denominator, CASE WHEN v.value IS NULL THEN v.status ELSE 'reported' END,
       v.reporting, v.expected, CASE WHEN v.basis = 'reported' THEN 'derived' ELSE v.basis END,
       v.flags
FROM value_raw AS v
JOIN value_time AS p ON p.t = v.t
WHERE v.k = :source_k
