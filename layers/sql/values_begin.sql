-- Every join of a rebuild is one of whole sets. The planner knows nothing of tables filled a
-- moment ago and would walk them row by row: 600 s where hashing takes 1.
SET LOCAL enable_nestloop TO off;
SET LOCAL work_mem TO '64MB';

-- Working tables of one rebuild; they vanish with the transaction.
DROP TABLE IF EXISTS value_place, value_up, value_raw, value_covered, value_new;

-- One step up the hierarchy. Organisations step to their district and to their province
-- (Bangkok has no district); provincial ones never meet the lower tier (see values_sum_up).
CREATE TEMP TABLE value_up ON COMMIT DROP AS
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
SELECT 'org', o.id, o.tier, o.valid, 'province', o.province_id FROM org AS o;

-- Every place that may have a value, when it was in force, and its size (that of regions and
-- of the country is the sum of their provinces unless they have a shape of their own).
CREATE TEMP TABLE value_place ON COMMIT DROP AS
SELECT a.level, a.id AS place_id, a.valid, NULL::text AS tier, coalesce(a.area_km2, (
           SELECT sum(c.area_km2::numeric)::float8 FROM value_up AS u JOIN area AS c ON c.id = u.from_id
           WHERE u.to_id = a.id AND u.to_level = a.level AND u.from_level = 'province'
             AND upper_inf(u.valid)
       )) AS area_km2
FROM area AS a
WHERE a.level IN ('country', 'region')
UNION ALL
SELECT level, id, valid, NULL, area_km2 FROM area WHERE level NOT IN ('country', 'region')
UNION ALL
SELECT 'org', id, valid, tier, area_km2 FROM org;

-- Values as they are known inside one rebuild, before anything is withheld.
CREATE TEMP TABLE value_raw (
    indicator_key text NOT NULL,
    level text NOT NULL,
    period_key text NOT NULL,
    place_id bigint NOT NULL,
    value float8,
    numerator float8,
    denominator float8,
    status text NOT NULL,
    reporting bigint NOT NULL,
    expected bigint NOT NULL,
    basis text NOT NULL,
    flags text[] NOT NULL
) ON COMMIT DROP;
CREATE INDEX ON value_raw (indicator_key, level, period_key, place_id);

-- What organisations cover of an amount known by sub-district: denominators of their rates.
CREATE TEMP TABLE value_covered (
    indicator_key text NOT NULL,
    period_key text NOT NULL,
    place_id bigint NOT NULL,
    value float8 NOT NULL
) ON COMMIT DROP;

ANALYZE value_place;
ANALYZE value_up;
