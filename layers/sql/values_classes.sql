-- The class of another indicator's value: 1 below the first limit, one more for each reached.
INSERT INTO value_raw
SELECT :k, level, t, place_id,
       CASE WHEN value IS NOT NULL
            THEN 1 + (SELECT count(*) FROM unnest(CAST(:limits AS float8[])) AS l WHERE l <= value)
       END,
       numerator, denominator, CASE WHEN value IS NULL THEN status ELSE 'reported' END,
       reporting, expected, CASE WHEN basis = 'reported' THEN 'derived' ELSE basis END, flags
FROM value_raw
WHERE k = :source_k
