-- Add up one level from the level below it, wherever the place itself reported nothing.
--
-- Country and regions come from provinces, provinces from districts, districts from
-- sub-districts; where no area reported in a period, districts and provinces come from the
-- organisations of one tier. Sums run in exact decimals, so their order does not matter.
INSERT INTO value_raw
WITH known AS (
    SELECT v.period_key, p.end_date,
           bool_or(v.level = 'subdistrict') AS by_subdistrict,
           bool_or(v.level = 'district' AND v.basis <> 'aggregated') AS by_district,
           bool_or(v.level = 'province' AND v.basis <> 'aggregated') AS by_province,
           bool_or(v.level = 'org') AS by_org
    FROM value_raw AS v
    JOIN period AS p ON p.key = v.period_key
    WHERE v.indicator_key = :key AND v.value IS NOT NULL
    GROUP BY v.period_key, p.end_date
),
source AS (
    SELECT period_key, end_date,
           CASE WHEN :level IN ('country', 'region') THEN 'province'
                WHEN :level = 'province' AND (by_district OR by_subdistrict) THEN 'district'
                WHEN :level = 'district' AND by_subdistrict THEN 'subdistrict'
                ELSE 'org' END AS level,
           -- Places of the source level are counted when any of them reported itself;
           -- otherwise the places that they were added up from.
           CASE WHEN :level IN ('country', 'region') THEN by_province
                WHEN :level = 'province' AND (by_district OR by_subdistrict) THEN by_district
                ELSE true END AS counts_places
    FROM known
    WHERE :level IN ('country', 'region') OR by_org OR by_subdistrict
       OR (:level = 'province' AND by_district)
),
part AS (
    SELECT s.period_key, s.counts_places, s.level, u.to_id, v.value, v.numerator, v.denominator,
           v.status, v.flags, v.reporting, coalesce(v.expected, 1) AS expected,
           CASE WHEN :is_ratio THEN v.numerator IS NOT NULL AND v.denominator IS NOT NULL
                ELSE v.value IS NOT NULL END AS counts
    FROM source AS s
    JOIN value_up AS u ON u.from_level = s.level AND u.to_level = :level
    LEFT JOIN value_raw AS v
        ON v.indicator_key = :key AND v.level = s.level AND v.period_key = s.period_key
        AND v.place_id = u.from_id
    WHERE (u.tier IS NULL OR u.tier = :tier)
      AND (u.valid @> s.end_date OR v.value IS NOT NULL)
),
total AS (
    SELECT period_key, to_id, min(level) AS level,
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
           bool_or('estimated-denominator' = ANY (flags)) FILTER (WHERE counts) AS estimated
    FROM part
    GROUP BY period_key, to_id
),
valued AS (
    SELECT *, CASE WHEN NOT :is_ratio THEN value
                   WHEN denominator > 0 THEN :factor * numerator / denominator END AS result
    FROM total
)
SELECT :key, :level, period_key, to_id, result,
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
           CASE WHEN level = 'org' AND :both_tiers THEN 'lower-tier' END
       ], NULL)
FROM valued
WHERE NOT EXISTS (
    SELECT 1 FROM value_raw AS w
    WHERE w.indicator_key = :key AND w.level = :level
      AND w.period_key = valued.period_key AND w.place_id = valued.to_id
)
