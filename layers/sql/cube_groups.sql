-- Prepared values of one level added up in groups of places that are no place themselves, by the
-- rule of each indicator, as values_sum_up.sql adds up a place. A place may be in several groups.
WITH leaf AS (
    SELECT * FROM unnest(
        CAST(:places AS bigint[]), CAST(:groups AS int[]), CAST(:is_upper AS boolean[]),
        CAST(:since AS date[]), CAST(:until AS date[])
    ) AS l (place_id, g, is_upper, since, until)
),
rule AS (
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:is_paired AS boolean[])) AS r (key, is_paired)
),
span AS MATERIALIZED (
    SELECT min(end_date) AS first_end, max(end_date) AS last_end FROM period
    WHERE key = ANY (:periods)
),
part AS (
    SELECT l.g, l.is_upper, v.indicator_key, v.slice_id, v.period_key, v.value, v.numerator,
           v.denominator, v.status, v.reporting, v.expected, v.basis, v.flags,
           -- Most places are in force throughout; a look at the period is needed for the others.
           CASE WHEN l.since <= (SELECT first_end FROM span)
                  AND l.until > (SELECT last_end FROM span) THEN true
                ELSE (SELECT l.since <= p.end_date AND l.until > p.end_date FROM period AS p
                      WHERE p.key = v.period_key) END AS is_in_force,
           CASE WHEN r.is_paired THEN v.numerator IS NOT NULL AND v.denominator IS NOT NULL
                ELSE v.value IS NOT NULL END AS counts
    FROM (
        SELECT indicator_key, 0::bigint AS slice_id, period_key, place_id, value, numerator,
               denominator, status, reporting, expected, basis, flags
        FROM place_value
        WHERE level = :level AND indicator_key = ANY (:keys) AND period_key = ANY (:periods)
          AND :with_totals
        UNION ALL
        SELECT s.indicator_key, v.slice_id, v.period_key, v.place_id, v.value, v.numerator,
               v.denominator, v.status, v.reporting, v.expected, v.basis, v.flags
        FROM slice_value AS v
        JOIN slice AS s ON s.id = v.slice_id
        WHERE v.slice_id = ANY (:slices) AND v.level = :level AND v.period_key = ANY (:periods)
    ) AS v
    JOIN leaf AS l ON l.place_id = v.place_id
    JOIN rule AS r ON r.key = v.indicator_key
),
total AS (
    SELECT g, indicator_key, slice_id, period_key,
           (sum(value::numeric) FILTER (WHERE counts))::float8 AS value,
           (sum(numerator::numeric) FILTER (WHERE counts))::float8 AS numerator,
           (sum(denominator::numeric) FILTER (WHERE counts))::float8 AS denominator,
           -- Places are counted when any reported itself, else the places below them.
           bool_or(value IS NOT NULL AND basis <> 'aggregated') AS counts_places,
           count(*) FILTER (WHERE counts) AS places,
           count(*) FILTER (WHERE status <> 'not_applicable') AS places_expected,
           sum(reporting) FILTER (WHERE counts) AS reporting,
           sum(expected) FILTER (WHERE status <> 'not_applicable') AS expected,
           bool_and(status = 'not_applicable') AS is_not_applicable,
           bool_or(status = 'suppressed') AS is_suppressed,
           bool_or(is_upper) FILTER (WHERE counts) AND bool_or(NOT is_upper) FILTER (WHERE counts)
               AS mixes_tiers,
           count(*) FILTER (WHERE is_in_force) AS in_force,
           max(array_to_string(flags, ',')) FILTER (WHERE counts AND flags <> '{}') AS flags
    FROM part
    WHERE value IS NOT NULL OR is_in_force
    GROUP BY g, indicator_key, slice_id, period_key
)
SELECT g, indicator_key, slice_id, period_key, value, numerator, denominator,
       CASE WHEN counts_places THEN places ELSE coalesce(reporting, 0) END::bigint AS reporting,
       CASE WHEN counts_places THEN places_expected ELSE coalesce(expected, 0) END::bigint
           AS expected,
       is_not_applicable, is_suppressed, coalesce(mixes_tiers, false) AS mixes_tiers, in_force,
       flags
FROM total
