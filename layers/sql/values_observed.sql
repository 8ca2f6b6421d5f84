-- Take what was reported, one value per place and period.
--
-- When several data sets report the same place, the one that knows more places of that level
-- and period wins; then the one loaded last. A blank never beats a value, and sample data
-- never stands beside real data of the same level and period.
INSERT INTO value_raw
WITH source AS (
    SELECT id, is_sample, row_number() OVER (ORDER BY id) AS d FROM dataset
),
said AS MATERIALIZED (
    SELECT r.k, CASE WHEN o.org_id IS NULL THEN a.level ELSE 6 END AS level, p.t,
           coalesce(o.area_id, o.org_id) AS place_id,
           o.value, o.numerator, o.denominator, o.status, o.flags, o.version_id, s.d, s.is_sample
    FROM observation AS o
    JOIN value_rule AS r
        ON r.key = CASE WHEN :is_sliced THEN o.indicator_key || o.breakdown::text
                        ELSE o.indicator_key END
    JOIN value_time AS p ON p.key = o.period_key
    JOIN source AS s ON s.id = o.dataset_id
    LEFT JOIN value_place AS a ON a.place_id = o.area_id AND a.level <> 6
    WHERE o.indicator_key = ANY (:keys) AND (o.breakdown <> '{}') = :is_sliced
),
known AS (
    SELECT k, level, t, d, count(value) AS places, max(version_id) AS newest, is_sample,
           min(is_sample::int) OVER (PARTITION BY k, level, t) = 0 AS real_data
    FROM said
    GROUP BY k, level, t, d, is_sample
),
believed AS (
    SELECT k, level, t, d, count(*) OVER (PARTITION BY k, level, t) AS rivals,
           row_number() OVER (PARTITION BY k, level, t ORDER BY places DESC, newest DESC, d) AS rank
    FROM known
    WHERE NOT (is_sample AND real_data)
),
-- What was not reported is the absence of a row here: it may yet be added up from below.
heard AS (
    SELECT s.*, b.rivals, b.rank
    FROM said AS s
    JOIN believed AS b ON b.k = s.k AND b.level = s.level AND b.t = s.t AND b.d = s.d
    WHERE s.status <> 'not_reported'
),
chosen AS (
    SELECT * FROM heard WHERE rivals = 1
    UNION ALL
    (SELECT DISTINCT ON (k, level, t, place_id) *
     FROM heard
     WHERE rivals > 1
     ORDER BY k, level, t, place_id, value IS NULL, rank)
)
SELECT k, level, t, place_id, value, numerator, denominator, status,
       (value IS NOT NULL)::int, (status <> 'not_applicable')::int, 'reported', flags
FROM chosen
