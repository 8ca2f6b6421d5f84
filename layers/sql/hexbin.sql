-- One indicator in one period, brought to H3 cells.
--
-- Bound: indicator, period, levels (those that may be shown), upper (PAO rather than lower
-- tier), weight (indicator of the people) and weight_period, resolution, cells (all when
-- null), is_ratio, factor, least (amounts between 0 and this are not shown).
--
-- Hexagons are made of public values for everybody: written "geo".place_value, the table is meant
-- for insiders, too, and not the view that stands before it (layers/inside.py).
--
-- Every place's amount is divided among units that have cells ("atoms": sub-districts; where
-- there are none with a shape, the smallest area that has one), by people, else by area. Both
-- the weights of a place and the shares of an atom add up to 1, so totals are kept. The parts
-- of a ratio are brought to the cells apart and divided there.
WITH tree AS MATERIALIZED (
    SELECT
        a.id,
        a.level,
        coalesce(a.area_km2, 0) AS km2,
        upper_inf(a.valid) AS is_current,
        CASE a.level WHEN 'district' THEN a.id WHEN 'subdistrict' THEN a.parent_id END AS district_id,
        CASE a.level
            WHEN 'province' THEN a.id
            WHEN 'district' THEN a.parent_id
            ELSE p.parent_id
        END AS province_id
    FROM geo.area AS a
    LEFT JOIN geo.area AS p ON p.id = a.parent_id
    WHERE a.level IN ('subdistrict', 'district', 'province')
),

people AS MATERIALIZED (
    SELECT v.place_id AS id, v.value AS people
    FROM "geo".place_value AS v
    WHERE v.indicator_key = :weight AND v.period_key = :weight_period AND v.value IS NOT NULL
      AND v.level IN ('subdistrict', 'district', 'province')
),

-- people nobody counted are as many as on the same ground elsewhere in the province
sized AS MATERIALIZED (
    SELECT
        t.*,
        coalesce(
            people.people,
            t.km2 * sum(people.people) OVER alike
            / nullif(sum(t.km2) FILTER (WHERE people.people IS NOT NULL) OVER alike, 0),
            0
        ) AS people,
        EXISTS (
            SELECT 1 FROM geo.cell_share AS s
            WHERE s.resolution = :resolution AND s.area_id = t.id
        ) AS has_cells
    FROM tree AS t
    LEFT JOIN people ON people.id = t.id
    WINDOW alike AS (PARTITION BY t.province_id, t.level)
),

-- what was observed, at the levels that may be shown
observed AS MATERIALIZED (
    SELECT
        v.level,
        v.place_id,
        v.status,
        CASE WHEN :is_ratio THEN coalesce(v.numerator, v.value) ELSE v.value END AS numerator,
        CASE
            WHEN :is_ratio THEN CASE WHEN v.numerator IS NULL THEN 1 ELSE v.denominator END
        END AS denominator
    FROM "geo".place_value AS v
    WHERE v.indicator_key = :indicator AND v.period_key = :period AND v.level = ANY(:levels)
),

-- every place that may be expected to report: in force now (an organisation: at the end of the
-- period), or reporting for its own time
place AS MATERIALIZED (
    SELECT t.level, t.id AS place_id, t.province_id, t.district_id
    FROM sized AS t
    WHERE t.level = ANY(:levels)
      AND (t.is_current OR EXISTS (
          SELECT 1 FROM observed AS o WHERE o.level = t.level AND o.place_id = t.id
      ))
    UNION ALL
    SELECT 'org', o.id, o.province_id, o.district_id
    FROM geo.org AS o
    WHERE 'org' = ANY(:levels)
      AND (o.tier = 'upper') = :upper
      AND (
          o.valid @> (SELECT p.end_date FROM geo.period AS p WHERE p.key = :period)
          OR EXISTS (SELECT 1 FROM observed AS v WHERE v.level = 'org' AND v.place_id = o.id)
      )
),

-- in each province the finest level at which anything was reported
finest AS MATERIALIZED (
    SELECT
        p.province_id,
        coalesce(
            (array_agg(p.level ORDER BY array_position(:levels, p.level)) FILTER (
                WHERE o.status IN ('reported', 'zero', 'suppressed')
            ))[1],
            'province'
        ) AS level
    FROM place AS p
    LEFT JOIN observed AS o ON o.level = p.level AND o.place_id = p.place_id
    GROUP BY p.province_id
),

source AS MATERIALIZED (
    SELECT
        p.level,
        p.place_id,
        p.province_id,
        p.district_id,
        o.numerator,
        o.denominator,
        coalesce(o.status, 'not_reported') AS status,
        coalesce(o.status IN ('reported', 'zero') AND o.numerator IS NOT NULL
            AND (NOT :is_ratio OR o.denominator IS NOT NULL), false) AS is_known
    FROM place AS p
    JOIN finest AS f ON f.province_id = p.province_id AND f.level = p.level
    LEFT JOIN observed AS o ON o.level = p.level AND o.place_id = p.place_id
),

-- first step: an organisation is divided among the areas it covers; an area is itself
covered AS (
    SELECT
        s.place_id,
        c.area_id AS unit_id,
        c.share_pop * t.people AS by_people,
        c.share_area * t.km2 AS by_area
    FROM source AS s
    JOIN geo.org_coverage AS c ON c.org_id = s.place_id
    JOIN sized AS t ON t.id = c.area_id
    WHERE s.level = 'org'
),

unit AS (
    SELECT
        'org' AS level,
        place_id,
        unit_id,
        CASE
            WHEN sum(by_people) OVER org > 0 THEN by_people / sum(by_people) OVER org
            WHEN sum(by_area) OVER org > 0 THEN by_area / sum(by_area) OVER org
            ELSE 1.0 / count(*) OVER org
        END AS weight
    FROM covered
    WINDOW org AS (PARTITION BY place_id)
    UNION ALL
    SELECT s.level, s.place_id, coalesce(s.district_id, s.province_id), 1.0
    FROM source AS s
    -- NOT IN is hashed whatever the planner expects; NOT EXISTS became 35 million comparisons
    WHERE s.level = 'org' AND s.place_id NOT IN (SELECT c.place_id FROM covered AS c)
    UNION ALL
    SELECT s.level, s.place_id, s.place_id, 1.0
    FROM source AS s
    WHERE s.level <> 'org'
),

-- second step: an area with cells is an atom; another is divided among those of its district,
-- or of its province where the district has none
atom AS MATERIALIZED (
    SELECT id, district_id, province_id, people, km2
    FROM sized
    WHERE has_cells AND is_current
),

apart AS MATERIALIZED (
    SELECT
        t.id,
        CASE WHEN t.level <> 'province' AND EXISTS (
            SELECT 1 FROM atom AS a WHERE a.district_id = t.district_id
        ) THEN t.district_id END AS district_id,
        t.province_id
    FROM sized AS t
    WHERE NOT t.has_cells AND t.id IN (SELECT u.unit_id FROM unit AS u)
),

within_unit AS (
    SELECT p.id AS unit_id, a.id AS atom_id, a.people, a.km2
    FROM apart AS p
    JOIN atom AS a ON a.district_id = p.district_id
    UNION ALL
    SELECT p.id, a.id, a.people, a.km2
    FROM apart AS p
    JOIN atom AS a ON a.province_id = p.province_id
    WHERE p.district_id IS NULL
),

atoms AS (
    SELECT
        unit_id,
        atom_id,
        CASE
            WHEN sum(people) OVER whole > 0 THEN people / sum(people) OVER whole
            WHEN sum(km2) OVER whole > 0 THEN km2 / sum(km2) OVER whole
            ELSE 1.0 / count(*) OVER whole
        END AS weight
    FROM within_unit
    WINDOW whole AS (PARTITION BY unit_id)
    UNION ALL
    SELECT id, id, 1.0
    FROM sized
    WHERE has_cells
),

spread AS MATERIALIZED (
    SELECT
        u.level,
        u.place_id,
        a.atom_id,
        sum(u.weight * a.weight) AS weight
    FROM unit AS u
    JOIN atoms AS a ON a.unit_id = u.unit_id
    GROUP BY u.level, u.place_id, a.atom_id
),

-- taken out first, so that few cells are found by their index and not all of every atom's
wanted AS MATERIALIZED (
    SELECT cell, area_id, share
    FROM geo.cell_share
    WHERE resolution = :resolution AND ((:cells)::bigint [] IS NULL OR cell = ANY(:cells))
),

part AS (
    SELECT
        c.cell,
        w.level,
        w.place_id,
        sum(w.weight * c.share) AS part
    FROM spread AS w
    JOIN wanted AS c ON c.area_id = w.atom_id
    GROUP BY c.cell, w.level, w.place_id
),

summed AS (
    SELECT
        p.cell,
        sum(p.part * s.numerator) FILTER (WHERE s.is_known) AS numerator,
        sum(p.part * s.denominator) FILTER (WHERE s.is_known) AS denominator,
        count(*) FILTER (WHERE s.is_known) AS reporting,
        count(*) AS expected,
        bool_or(s.status = 'suppressed') AS has_suppressed,
        bool_and(s.status = 'not_applicable') AS is_not_applicable
    FROM part AS p
    JOIN source AS s ON s.level = p.level AND s.place_id = p.place_id
    GROUP BY p.cell
),

judged AS (
    SELECT
        s.*,
        CASE WHEN :is_ratio THEN :factor * numerator / nullif(denominator, 0) ELSE numerator
        END AS value,
        CASE
            WHEN reporting = 0 AND has_suppressed THEN 'suppressed'
            WHEN reporting = 0 AND is_not_applicable THEN 'not_applicable'
            WHEN reporting = 0 THEN 'not_reported'
            WHEN numerator > 0 AND numerator < :least THEN 'suppressed'
            WHEN :is_ratio AND denominator = 0 THEN 'not_applicable'
            WHEN numerator = 0 THEN 'zero'
            ELSE 'reported'
        END AS status
    FROM summed AS s
)

SELECT
    cell,
    CASE WHEN status IN ('reported', 'zero') THEN value END AS value,
    CASE WHEN status IN ('reported', 'zero') THEN numerator END AS numerator,
    CASE WHEN status IN ('reported', 'zero') THEN denominator END AS denominator,
    reporting::int AS reporting,
    expected::int AS expected,
    status
FROM judged
