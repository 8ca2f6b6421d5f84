-- Every join of a rebuild is one of whole sets. The planner knows little of tables filled a
-- moment ago and would walk or sort them: minutes where hashing takes a second.
SET LOCAL enable_nestloop TO off;
SET LOCAL enable_mergejoin TO off;
SET LOCAL work_mem TO '128MB';

-- Working tables of one rebuild; they vanish with the transaction. Words that repeat in every
-- row (indicator, level, period) are numbers in them: k, level, t.
DROP VIEW IF EXISTS value_sealed, value_new, value_sliced, value_shown;
DROP TABLE IF EXISTS value_rule, value_numerator, value_limit, value_part, value_level, value_time,
    value_place, value_up, value_raw, value_said, value_covered, value_hidden, value_diff;

-- How each indicator at hand is formed and what of it may be shown; see layers/value_rules.py.
CREATE TEMP TABLE value_rule (
    k smallint PRIMARY KEY,
    key text NOT NULL,
    depth smallint NOT NULL,
    is_wanted boolean NOT NULL,
    is_kept boolean NOT NULL,
    adds_up boolean NOT NULL,
    is_ratio boolean NOT NULL,
    is_amount boolean NOT NULL,
    parts smallint NOT NULL,
    divides boolean NOT NULL,
    by_area boolean NOT NULL,
    denominator_k smallint NOT NULL,
    years int NOT NULL,
    factor float8 NOT NULL,
    lower_tier boolean NOT NULL,
    upper_tier boolean NOT NULL,
    finest smallint NOT NULL,
    own_limit float8 NOT NULL,
    denominator_limit float8 NOT NULL,
    version bigint NOT NULL,
    least_denominator float8 NOT NULL,
    zeros_to smallint NOT NULL,
    is_guarded boolean NOT NULL,
    is_sliced boolean NOT NULL,
    is_fresh boolean NOT NULL DEFAULT false
) ON COMMIT DROP;
CREATE TEMP TABLE value_numerator (
    k smallint NOT NULL, part_k smallint NOT NULL, coefficient float8 NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE value_limit (
    k smallint NOT NULL, part_k smallint NOT NULL, below float8 NOT NULL
) ON COMMIT DROP;
-- All that an indicator is made from, however; `is_below` is what it divides by.
CREATE TEMP TABLE value_part (
    k smallint NOT NULL, part_k smallint NOT NULL, is_below boolean NOT NULL
) ON COMMIT DROP;

-- From coarse to fine, as in PLACE_LEVELS. Rows are written in the order of the index, which
-- takes them much faster so: levels by name.
CREATE TEMP TABLE value_level ON COMMIT DROP AS
SELECT level::smallint, name, (row_number() OVER (ORDER BY name))::smallint AS place_in_index
FROM (VALUES
    (1, 'country'), (2, 'region'), (3, 'province'), (4, 'district'), (5, 'subdistrict'), (6, 'org')
) AS known (level, name);

CREATE TEMP TABLE value_time ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY key))::smallint AS t, key, end_date, true AS is_stored FROM period;

-- One step up the hierarchy. Organisations step to their district and to their province
-- (Bangkok has no district); provincial ones never meet the lower tier (see values_sum_up).
CREATE TEMP TABLE value_up ON COMMIT DROP AS
WITH step AS (
    SELECT c.level AS from_level, c.id AS from_id, NULL::text AS tier, c.valid,
           p.level AS to_level, p.id AS to_id
    FROM area AS c
    JOIN area AS p ON p.id = c.parent_id
    WHERE (c.level, p.level) IN (('subdistrict', 'district'), ('district', 'province'))
    UNION ALL
    SELECT c.level, c.id, NULL, c.valid, p.level, p.id
    FROM area AS c
    JOIN area AS p ON p.level = 'country' AND p.code = 'TH'
    WHERE c.level = 'province'
    UNION ALL
    SELECT c.level, c.id, NULL, c.valid, p.level, p.id
    FROM area AS c
    JOIN region_member AS m ON m.province_code = c.code
    JOIN area AS p ON p.id = m.region_id
    WHERE c.level = 'province'
    UNION ALL
    SELECT 'org', o.id, o.tier, o.valid, 'district', o.district_id FROM org AS o
    WHERE o.district_id IS NOT NULL
    UNION ALL
    SELECT 'org', o.id, o.tier, o.valid, 'province', o.province_id FROM org AS o
)
SELECT f.level AS from_level, s.from_id, s.tier, o.level AS to_level, s.to_id,
       coalesce(lower(s.valid), '-infinity') AS since, coalesce(upper(s.valid), 'infinity') AS until
FROM step AS s
JOIN value_level AS f ON f.name = s.from_level
JOIN value_level AS o ON o.name = s.to_level;

-- Every place that may have a value, when it was in force, and its size (that of regions and
-- of the country is the sum of their provinces unless they have a shape of their own).
CREATE TEMP TABLE value_place ON COMMIT DROP AS
WITH within AS (
    SELECT u.to_level, u.to_id, sum(c.area_km2::numeric)::float8 AS area_km2
    FROM value_up AS u
    JOIN area AS c ON c.id = u.from_id
    WHERE u.to_level IN (1, 2) AND u.from_level = 3 AND u.until = 'infinity'
    GROUP BY u.to_level, u.to_id
),
place AS (
    SELECT a.level, a.id, a.valid, NULL::text AS tier, a.area_km2 FROM area AS a
    UNION ALL
    SELECT 'org', id, valid, tier, area_km2 FROM org
)
SELECT l.level, p.id AS place_id, p.tier, coalesce(p.area_km2, w.area_km2) AS area_km2,
       coalesce(lower(p.valid), '-infinity') AS since, coalesce(upper(p.valid), 'infinity') AS until
FROM place AS p
JOIN value_level AS l ON l.name = p.level
LEFT JOIN within AS w ON w.to_level = l.level AND w.to_id = p.id;

-- Values as they are known inside one rebuild, before anything is withheld. No index: every
-- statement reads whole levels.
CREATE TEMP TABLE value_raw (
    k smallint NOT NULL,
    level smallint NOT NULL,
    t smallint NOT NULL,
    place_id bigint NOT NULL,
    value float8,
    numerator float8,
    denominator float8,
    status text NOT NULL,
    reporting bigint NOT NULL,
    expected bigint NOT NULL,
    basis text NOT NULL,
    flags text[] NOT NULL
) PARTITION BY LIST (level) ON COMMIT DROP;
CREATE TEMP TABLE value_raw_country PARTITION OF value_raw FOR VALUES IN (1) ON COMMIT DROP;
CREATE TEMP TABLE value_raw_region PARTITION OF value_raw FOR VALUES IN (2) ON COMMIT DROP;
CREATE TEMP TABLE value_raw_province PARTITION OF value_raw FOR VALUES IN (3) ON COMMIT DROP;
CREATE TEMP TABLE value_raw_district PARTITION OF value_raw FOR VALUES IN (4) ON COMMIT DROP;
CREATE TEMP TABLE value_raw_subdistrict PARTITION OF value_raw FOR VALUES IN (5) ON COMMIT DROP;
CREATE TEMP TABLE value_raw_org PARTITION OF value_raw FOR VALUES IN (6) ON COMMIT DROP;

-- In which periods a level of an indicator that is ready has rows, and of what kind.
CREATE TEMP TABLE value_said (
    k smallint NOT NULL,
    level smallint NOT NULL,
    t smallint NOT NULL,
    has_value boolean NOT NULL,
    has_own boolean NOT NULL,
    has_own_value boolean NOT NULL
) ON COMMIT DROP;

-- What organisations cover of an amount known by sub-district: denominators of their rates.
CREATE TEMP TABLE value_covered (
    k smallint NOT NULL,
    t smallint NOT NULL,
    place_id bigint NOT NULL,
    value float8 NOT NULL
) ON COMMIT DROP;

-- Cells that readers may not see although their level is public (layers/withheld.py).
CREATE TEMP TABLE value_hidden (
    k smallint NOT NULL, level smallint NOT NULL, t smallint NOT NULL, place_id bigint NOT NULL
) ON COMMIT DROP;

-- What readers may see: levels no finer than allowed, nothing of cells withheld, and a row that
-- says "not reported" for every place that could have reported. Where something is or may be
-- withheld, of all remarks those alone that speak of places and divisors: what compares numbers
-- ("the same as the year before", "twice as many") tells the one withheld by the one shown.
CREATE TEMP VIEW value_shown AS
SELECT v.k, v.level, v.t, v.place_id, r.is_fresh, r.is_sliced,
       CASE WHEN h.k IS NULL THEN v.value END AS value,
       CASE WHEN h.k IS NULL THEN v.numerator END AS numerator,
       CASE WHEN h.k IS NULL THEN v.denominator END AS denominator,
       CASE WHEN h.k IS NULL THEN v.status ELSE 'suppressed' END AS status,
       v.reporting, v.expected, v.basis,
       CASE WHEN v.flags = '{}' THEN v.flags
            WHEN r.is_guarded OR r.k IN (SELECT w.k FROM value_hidden AS w)
            THEN ARRAY(
                SELECT f FROM unnest(v.flags) AS f
                WHERE f ~ '^(denominator-|estimated-denominator$|lower-tier$|successor-of-|name-)'
            )
            ELSE v.flags END AS flags
FROM value_raw AS v
JOIN value_rule AS r ON r.k = v.k AND r.is_wanted AND v.level <= r.finest
JOIN value_time AS p ON p.t = v.t AND p.is_stored
LEFT JOIN (SELECT DISTINCT * FROM value_hidden) AS h
    ON h.k = v.k AND h.level = v.level AND h.t = v.t AND h.place_id = v.place_id
UNION ALL
SELECT r.k, s.level, s.t, p.place_id, r.is_fresh, r.is_sliced,
       NULL, NULL, NULL, 'not_reported', 0, 1, 'reported', '{}'
FROM value_said AS s
JOIN value_rule AS r ON r.k = s.k AND r.is_wanted AND s.level <= r.finest
JOIN value_time AS q ON q.t = s.t AND q.is_stored
JOIN value_place AS p ON p.level = s.level AND p.since <= q.end_date AND p.until > q.end_date
WHERE s.has_own AND s.level <> 2
  AND (p.tier IS NULL OR (p.tier = 'lower' AND r.lower_tier) OR (p.tier = 'upper' AND r.upper_tier))
  AND NOT EXISTS (
    SELECT 1 FROM value_raw AS v
    WHERE v.k = s.k AND v.level = s.level AND v.t = s.t AND v.place_id = p.place_id
  );
CREATE TEMP VIEW value_new AS SELECT * FROM value_shown WHERE NOT is_sliced;
CREATE TEMP VIEW value_sliced AS SELECT * FROM value_shown WHERE is_sliced;

-- What they may not: withheld, or finer than their level.
CREATE TEMP VIEW value_sealed AS
SELECT v.k, r.key, r.is_sliced, l.name AS level, p.key AS period_key, v.place_id, v.value,
       v.numerator, v.denominator, v.status, v.level <= r.finest AS is_listed
FROM value_raw AS v
JOIN value_rule AS r ON r.k = v.k AND r.is_wanted
JOIN value_time AS p ON p.t = v.t AND p.is_stored
JOIN value_level AS l ON l.level = v.level
LEFT JOIN (SELECT DISTINCT * FROM value_hidden) AS h
    ON h.k = v.k AND h.level = v.level AND h.t = v.t AND h.place_id = v.place_id
WHERE v.value IS NOT NULL AND (h.k IS NOT NULL OR v.level > r.finest)
  AND (r.finest < 6 OR r.k IN (SELECT w.k FROM value_hidden AS w));

ANALYZE value_level;
ANALYZE value_time;
ANALYZE value_place;
ANALYZE value_up;
