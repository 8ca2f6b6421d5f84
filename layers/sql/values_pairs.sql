-- Put parts together at one level: numerator over denominator, or plain parts added up.
--
-- Taken first where a numerator was reported, so that levels above add up numerators and
-- denominators of the same places; then (not `is_first`) wherever nothing else gave a value.
-- Densities are never added up: every place is divided by its own area, the first time.
INSERT INTO value_raw
WITH rule AS (
    SELECT * FROM value_rule
    WHERE depth = :depth AND adds_up AND parts > 0 AND (:is_first OR NOT by_area)
),
numer AS (
    -- One part needs no grouping; it is rounded as a sum of one would be, to 15 digits.
    SELECT r.k, v.t, v.place_id,
           CASE WHEN n.coefficient <> 1 THEN (n.coefficient * v.value)::numeric::float8
                WHEN v.value = trunc(v.value) AND abs(v.value) < 1e15 THEN v.value
                ELSE v.value::numeric::float8 END AS value,
           v.status = 'not_applicable' AS is_not_applicable,
           v.status = 'suppressed' AS is_suppressed,
           v.basis <> 'aggregated' AS is_reported,
           v.reporting, v.expected, 'lower-tier' = ANY (v.flags) AS is_lower_tier
    FROM rule AS r
    JOIN value_numerator AS n ON n.k = r.k
    JOIN value_raw AS v ON v.k = n.part_k AND v.level = :level
    WHERE r.parts = 1 AND (v.basis <> 'aggregated' OR NOT :is_first OR r.by_area)
    UNION ALL
    SELECT r.k, v.t, v.place_id,
           CASE WHEN count(v.value) = r.parts 
                THEN sum((n.coefficient * v.value)::numeric)::float8 END,
           bool_or(v.status = 'not_applicable'), bool_or(v.status = 'suppressed'),
           bool_or(v.basis <> 'aggregated'),
           min(v.reporting), max(v.expected), bool_or('lower-tier' = ANY (v.flags))
    FROM rule AS r
    JOIN value_numerator AS n ON n.k = r.k
    JOIN value_raw AS v ON v.k = n.part_k AND v.level = :level
    WHERE r.parts > 1
    GROUP BY r.k, r.parts, r.by_area, v.t, v.place_id
    HAVING bool_or(v.basis <> 'aggregated') OR NOT :is_first OR r.by_area
),
-- The exact period, else the latest one that ended within the allowed years.
used AS (
    SELECT DISTINCT ON (r.k, p.t) r.k, p.t, q.t AS used,
           CASE WHEN q.t <> p.t THEN 'denominator-' || q.key END AS carried
    FROM rule AS r
    JOIN value_numerator AS n ON n.k = r.k
    JOIN value_said AS m ON m.k = n.part_k AND m.level = :level
    JOIN value_time AS p ON p.t = m.t
    JOIN value_said AS s
        ON s.k = r.denominator_k AND s.has_value
        AND (s.level = :level OR (s.level = 5 AND :level = 6))
    JOIN value_time AS q ON q.t = s.t
    WHERE q.t = p.t
       OR (r.years > 0 AND q.end_date <= p.end_date
           AND q.end_date >= p.end_date - make_interval(years => r.years))
    ORDER BY r.k, p.t, (q.t = p.t) DESC, q.end_date DESC
),
pair AS (
    SELECT n.*, r.divides, r.factor, u.carried,
           CASE WHEN r.by_area THEN a.area_km2 ELSE coalesce(d.value, c.value) END AS below,
           d.value IS NULL AND c.value IS NOT NULL AS is_estimated
    FROM numer AS n
    JOIN rule AS r ON r.k = n.k
    LEFT JOIN used AS u ON u.k = n.k AND u.t = n.t
    LEFT JOIN value_raw AS d
        ON d.k = r.denominator_k AND d.level = :level AND d.t = u.used
        AND d.place_id = n.place_id AND d.value IS NOT NULL
    LEFT JOIN value_covered AS c
        ON c.k = r.denominator_k AND c.t = u.used AND c.place_id = n.place_id AND :level = 6
    LEFT JOIN value_place AS a
        ON r.by_area AND a.level = :level AND a.place_id = n.place_id
),
judged AS (
    SELECT *, CASE WHEN NOT divides THEN value WHEN below > 0 THEN factor * value / below END AS result
    FROM pair
)
SELECT k, :level, t, place_id, result,
       CASE WHEN result IS NOT NULL AND divides THEN value END,
       CASE WHEN result IS NOT NULL THEN below END,
       CASE WHEN result = 0 THEN 'zero'
            WHEN result IS NOT NULL THEN 'reported'
            WHEN is_not_applicable OR below = 0 THEN 'not_applicable'
            ELSE 'suppressed' END,
       CASE WHEN result IS NULL THEN 0 ELSE reporting END, expected,
       CASE WHEN is_reported THEN 'derived' ELSE 'aggregated' END,
       array_remove(ARRAY[
           CASE WHEN below IS NOT NULL THEN carried END,
           CASE WHEN is_estimated THEN 'estimated-denominator' END,
           CASE WHEN is_lower_tier THEN 'lower-tier' END
       ], NULL)
FROM judged
WHERE (result IS NOT NULL OR is_not_applicable OR is_suppressed OR below = 0)
  AND NOT EXISTS (
    SELECT 1 FROM value_raw AS w
    WHERE w.level = :level AND w.k = ANY (CAST(:ks AS smallint[])) AND w.k = judged.k
      AND w.t = judged.t AND w.place_id = judged.place_id
      AND (judged.result IS NULL OR w.value IS NOT NULL OR w.basis <> 'aggregated')
  )
