-- Put parts together at one level: numerator over denominator, or plain parts added up.
--
-- Taken first where a numerator was reported (`only_reported`), so that levels above add up
-- numerators and denominators of the same places; then wherever nothing else gave a value.
INSERT INTO value_raw
WITH numer AS (
    SELECT period_key, place_id,
           CASE WHEN count(value) = :parts THEN sum(value::numeric)::float8 END AS value,
           bool_or(status = 'not_applicable') AS is_not_applicable,
           bool_or(status = 'suppressed') AS is_suppressed,
           bool_or(basis <> 'aggregated') AS is_reported,
           min(reporting) AS reporting, max(expected) AS expected,
           max((SELECT max(f) FROM unnest(flags) AS f WHERE f = 'lower-tier')) AS tier_flag
    FROM value_raw
    WHERE indicator_key = ANY (:numerators) AND level = :level
    GROUP BY period_key, place_id
    HAVING bool_or(basis <> 'aggregated') OR NOT :only_reported
),
-- The exact period, else the latest one that ended within the allowed years.
denominator_period AS (
    SELECT DISTINCT ON (p.key) p.key AS period_key, q.key AS used
    FROM (SELECT DISTINCT period_key FROM numer) AS n
    JOIN period AS p ON p.key = n.period_key
    JOIN period AS q
        ON q.key = p.key
        OR (q.end_date <= p.end_date AND q.end_date >= p.end_date - make_interval(years => :years)
            AND :years > 0)
    WHERE EXISTS (
        SELECT 1 FROM value_raw AS v
        WHERE v.indicator_key = :denominator AND v.period_key = q.key AND v.value IS NOT NULL
          AND v.level = CASE WHEN :level = 'org' THEN 'subdistrict' ELSE :level END
    ) OR EXISTS (
        SELECT 1 FROM value_raw AS v
        WHERE v.indicator_key = :denominator AND v.period_key = q.key AND v.value IS NOT NULL
          AND v.level = :level
    )
    ORDER BY p.key, (q.key = p.key) DESC, q.end_date DESC
),
denom AS (
    SELECT d.period_key, v.place_id, v.value,
           array_remove(ARRAY[CASE WHEN d.used <> d.period_key THEN 'denominator-' || d.used END],
                        NULL) AS flags
    FROM denominator_period AS d
    JOIN value_raw AS v
        ON v.indicator_key = :denominator AND v.level = :level AND v.period_key = d.used
    WHERE v.value IS NOT NULL
    UNION ALL
    SELECT d.period_key, c.place_id, c.value,
           array_remove(ARRAY[CASE WHEN d.used <> d.period_key THEN 'denominator-' || d.used END,
                              'estimated-denominator'], NULL)
    FROM denominator_period AS d
    JOIN value_covered AS c
        ON c.indicator_key = :denominator AND c.period_key = d.used AND :level = 'org'
    WHERE NOT EXISTS (
        SELECT 1 FROM value_raw AS v
        WHERE v.indicator_key = :denominator AND v.level = 'org' AND v.period_key = d.used
          AND v.place_id = c.place_id AND v.value IS NOT NULL
    )
    UNION ALL
    SELECT n.period_key, p.place_id, p.area_km2, '{}'
    FROM (SELECT DISTINCT period_key FROM numer) AS n
    CROSS JOIN value_place AS p
    WHERE :denominator = '@area_km2' AND p.level = :level AND p.area_km2 IS NOT NULL
),
pair AS (
    SELECT n.*, d.value AS below, coalesce(d.flags, '{}') AS flags,
           CASE WHEN :denominator = '' THEN n.value
                WHEN d.value > 0 THEN :factor * n.value / d.value END AS result
    FROM numer AS n
    LEFT JOIN denom AS d USING (period_key, place_id)
)
SELECT :key, :level, period_key, place_id, result,
       CASE WHEN result IS NOT NULL AND :denominator <> '' THEN value END,
       CASE WHEN result IS NOT NULL THEN below END,
       CASE WHEN result = 0 THEN 'zero'
            WHEN result IS NOT NULL THEN 'reported'
            WHEN is_not_applicable OR below = 0 THEN 'not_applicable'
            ELSE 'suppressed' END,
       CASE WHEN result IS NULL THEN 0 ELSE reporting END, expected,
       CASE WHEN is_reported THEN 'derived' ELSE 'aggregated' END,
       CASE WHEN tier_flag IS NULL THEN flags ELSE flags || tier_flag END
FROM pair
WHERE (result IS NOT NULL OR is_not_applicable OR is_suppressed OR below = 0)
  AND NOT EXISTS (
    SELECT 1 FROM value_raw AS w
    WHERE w.indicator_key = :key AND w.level = :level AND w.period_key = pair.period_key
      AND w.place_id = pair.place_id AND (w.value IS NOT NULL OR w.basis <> 'aggregated')
  )
