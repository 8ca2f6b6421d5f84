-- Add up one level from the level below it, wherever the place itself reported nothing.
--
-- Country and regions come from provinces, provinces from districts, districts from
-- sub-districts; where no area reported in a period, districts and provinces come from the
-- organisations of one tier. Sums run in exact decimals, so their order does not matter.
INSERT INTO value_raw
WITH known AS (
    SELECT s.k, s.t, bool_or(s.level = 5) AS by_subdistrict, bool_or(s.level = 6) AS by_org,
           bool_or(s.level = 4 AND s.has_own_value) AS by_district,
           bool_or(s.level = 3 AND s.has_own_value) AS by_province
    FROM (
        SELECT k, t, level, has_own_value FROM value_said
        WHERE has_value AND k = ANY (CAST(:ks AS smallint[]))
        UNION ALL
        -- Regions and the country are listed even where they alone know the period.
        SELECT DISTINCT k, t, level, false FROM value_raw
        WHERE :level <= 2 AND level IN (1, 2) AND value IS NOT NULL
          AND k = ANY (CAST(:ks AS smallint[]))
    ) AS s
    GROUP BY s.k, s.t
),
source AS (
    SELECT w.k, w.t, p.end_date, r.upper_tier AND NOT r.lower_tier AS is_upper,
           CASE WHEN :level <= 2 THEN 3
                WHEN :level = 3 AND (by_district OR by_subdistrict) THEN 4
                WHEN :level = 4 AND by_subdistrict THEN 5
                ELSE 6 END AS level,
           -- Places of the source level are counted when any of them reported itself;
           -- otherwise the places that they were added up from.
           CASE WHEN :level <= 2 THEN by_province
                WHEN :level = 3 AND (by_district OR by_subdistrict) THEN by_district
                ELSE true END AS counts_places
    FROM known AS w
    JOIN value_rule AS r ON r.k = w.k AND r.adds_up AND NOT r.by_area
    JOIN value_time AS p ON p.t = w.t
    WHERE :level <= 2 OR by_org OR by_subdistrict OR (:level = 3 AND by_district)
),
part AS (
    SELECT s.k, s.t, s.counts_places, s.level, u.to_id, v.value, v.numerator, v.denominator,
           v.status, v.flags, v.reporting, coalesce(v.expected, 1) AS expected,
           CASE WHEN r.is_ratio THEN v.numerator IS NOT NULL AND v.denominator IS NOT NULL
                ELSE v.value IS NOT NULL END AS counts
    FROM source AS s
    JOIN value_rule AS r ON r.k = s.k
    JOIN value_up AS u ON u.from_level = s.level AND u.to_level = :level
    LEFT JOIN value_raw AS v
        ON v.k = s.k AND v.level = s.level AND v.t = s.t AND v.place_id = u.from_id
        AND v.level = ANY (CAST(:below AS smallint[]))
        AND v.k = ANY (CAST(:ks AS smallint[]))
    WHERE (u.tier IS NULL OR (u.tier = 'upper') = s.is_upper)
      AND ((u.since <= s.end_date AND u.until > s.end_date) OR v.value IS NOT NULL)
),
total AS (
    SELECT k, t, to_id, min(level) AS level,
           (sum(value::numeric) FILTER (WHERE counts))::float8 AS value,
           (sum(numerator::numeric) FILTER (WHERE counts))::float8 AS numerator,
           (sum(denominator::numeric) FILTER (WHERE counts))::float8 AS denominator,
           bool_and(coalesce(status, '') = 'not_applicable') AS is_not_applicable,
           bool_or(coalesce(status, '') = 'suppressed') AS is_suppressed,
           sum(CASE WHEN NOT counts THEN 0 WHEN counts_places THEN 1 ELSE reporting END)
               AS reporting,
           sum(CASE WHEN status = 'not_applicable' THEN 0 WHEN counts_places THEN 1
                    ELSE expected END) AS expected,
           max((SELECT max(f) FROM unnest(flags) AS f WHERE f LIKE 'denominator-%'))
               FILTER (WHERE counts AND flags <> '{}') AS carried,
           bool_or('estimated-denominator' = ANY (flags))
               FILTER (WHERE counts AND flags <> '{}') AS estimated
    FROM part
    GROUP BY k, t, to_id
),
valued AS (
    SELECT o.*, r.lower_tier AND r.upper_tier AS both_tiers,
           CASE WHEN NOT r.is_ratio THEN o.value
                WHEN o.denominator > 0 THEN r.factor * o.numerator / o.denominator END AS result
    FROM total AS o
    JOIN value_rule AS r ON r.k = o.k
)
SELECT k, :level, t, to_id, result,
       CASE WHEN result IS NOT NULL THEN numerator END,
       CASE WHEN result IS NOT NULL THEN denominator END,
       CASE WHEN result = 0 THEN 'zero'
            WHEN result IS NOT NULL THEN 'reported'
            WHEN is_not_applicable OR denominator = 0 THEN 'not_applicable'
            WHEN is_suppressed THEN 'suppressed'
            ELSE 'not_reported' END,
       reporting, expected, 'aggregated',
       array_remove(ARRAY[
           carried,
           CASE WHEN estimated THEN 'estimated-denominator' END,
           CASE WHEN level = 6 AND both_tiers THEN 'lower-tier' END
       ], NULL)
FROM valued
WHERE NOT EXISTS (
    SELECT 1 FROM value_raw AS w
    WHERE w.level = :level AND w.k = ANY (CAST(:ks AS smallint[])) AND w.k = valued.k
      AND w.t = valued.t AND w.place_id = valued.to_id
)
