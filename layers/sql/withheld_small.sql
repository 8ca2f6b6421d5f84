-- What is withheld by itself: small counts and what is made of them, rates of few persons, zeros
-- finer than the class allows, and every cell that was withheld before. Who kept the older answer
-- could otherwise subtract the two.
INSERT INTO value_hidden
WITH small_part AS (
    SELECT DISTINCT w.k, v.level, v.t, v.place_id
    FROM value_limit AS w
    JOIN value_raw AS v ON v.k = w.part_k
    WHERE v.value > 0 AND v.value < w.below
),
before AS (
    SELECT r.k, l.level, p.t, s.place_id
    FROM sealed_value AS s
    JOIN value_rule AS r ON r.key = s.indicator_key AND r.is_wanted AND NOT r.is_sliced
    JOIN value_level AS l ON l.name = s.level
    JOIN value_time AS p ON p.key = s.period_key
    JOIN place_value AS w
        ON w.indicator_key = s.indicator_key AND w.level = s.level
        AND w.period_key = s.period_key AND w.place_id = s.place_id
    WHERE NOT :anew
    UNION ALL
    SELECT r.k, l.level, p.t, s.place_id
    FROM sealed_slice_value AS s
    JOIN slice AS i ON i.id = s.slice_id
    JOIN value_rule AS r ON r.key = i.indicator_key || i.breakdown::text AND r.is_sliced
    JOIN value_level AS l ON l.name = s.level
    JOIN value_time AS p ON p.key = s.period_key
    JOIN slice_value AS w
        ON w.slice_id = s.slice_id AND w.level = s.level
        AND w.period_key = s.period_key AND w.place_id = s.place_id
    WHERE NOT :anew
)
SELECT v.k, v.level, v.t, v.place_id
FROM value_raw AS v
JOIN value_rule AS r ON r.k = v.k AND v.level <= r.finest
    AND r.k = ANY (CAST(:guarded AS smallint[]))
LEFT JOIN small_part AS s
    ON s.k = v.k AND s.level = v.level AND s.t = v.t AND s.place_id = v.place_id
LEFT JOIN before AS b
    ON b.k = v.k AND b.level = v.level AND b.t = v.t AND b.place_id = v.place_id
WHERE v.value IS NOT NULL AND (
    s.k IS NOT NULL
    OR b.k IS NOT NULL
    OR (r.is_amount AND v.value > 0 AND v.value < r.own_limit)
    OR (r.is_amount AND v.value = 0 AND v.level > r.zeros_to)
    OR (v.numerator > 0 AND v.numerator < r.own_limit)
    OR (v.denominator > 0 AND v.denominator < r.denominator_limit)
    OR (r.is_ratio AND v.denominator < r.least_denominator)
)
