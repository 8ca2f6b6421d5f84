-- Calculate a formula at every place and level from the values of that place and period.
--
-- There is no value where a part has none, where an amount is not fully reported, or where
-- something is divided by zero. The arithmetic in the place of `result` is written from the
-- formula's tree: part[n] are values, ground is the area of the place in square kilometres.
INSERT INTO value_raw
WITH said AS (
    SELECT v.level, v.t, v.place_id, array_agg(v.value ORDER BY n.place) AS part,
           count(v.value) = :parts AS is_known,
           bool_and(NOT n.is_amount OR v.reporting >= v.expected) AS is_whole,
           bool_or(v.status = 'not_applicable') AS is_not_applicable,
           bool_or(v.status = 'suppressed') AS is_suppressed,
           min(v.reporting) AS reporting, max(v.expected) AS expected
    FROM unnest(CAST(:part_ks AS smallint[]), CAST(:amounts AS boolean[]))
        WITH ORDINALITY AS n (k, is_amount, place)
    JOIN value_raw AS v ON v.k = n.k
    GROUP BY v.level, v.t, v.place_id
    HAVING count(*) = :parts
),
worked_out AS (
    SELECT s.*, CASE WHEN s.is_known AND s.is_whole THEN /* result */ END AS result
    FROM said AS s
    JOIN (SELECT level, place_id, area_km2 AS ground FROM value_place) AS a
        ON a.level = s.level AND a.place_id = s.place_id
)
SELECT :k, level, t, place_id, result, NULL, NULL,
       CASE WHEN result = 0 THEN 'zero'
            WHEN result IS NOT NULL THEN 'reported'
            WHEN is_suppressed THEN 'suppressed'
            WHEN is_not_applicable OR (is_known AND is_whole) THEN 'not_applicable'
            ELSE 'not_reported' END,
       CASE WHEN result IS NULL THEN 0 ELSE reporting END, expected, 'derived', '{}'
FROM worked_out
