-- Every place of a level in force on a day, with its value, its value of the period before and
-- its rank among its peers of the whole country; then only those inside an area.
WITH place AS (
    SELECT a.id, a.code, a.name_th, a.name_en, a.is_illustrative, '' AS kind,
           p.name_th AS parent_th, p.name_en AS parent_en, p.level AS parent_level,
           p.code AS parent_code,
           g.name_th AS grand_th, g.name_en AS grand_en, g.level AS grand_level,
           g.code AS grand_code,
           ARRAY[a.id, p.id, g.id] AS inside,
           CASE a.level WHEN 'province' THEN a.code WHEN 'district' THEN p.code
                        WHEN 'subdistrict' THEN g.code END AS province_code
    FROM area AS a
    LEFT JOIN area AS p ON p.id = a.parent_id
    LEFT JOIN area AS g ON g.id = p.parent_id
    WHERE a.level = :level AND a.valid @> CAST(:day AS date)
      AND (a.scheme IS NULL OR a.scheme = :region_scheme)
    UNION ALL
    SELECT o.id, o.code, o.name_th, o.name_en, false, o.kind,
           p.name_th, p.name_en, p.level, p.code, NULL, NULL, NULL, NULL,
           ARRAY[o.district_id, o.province_id], p.code
    FROM org AS o
    JOIN area AS p ON p.id = o.province_id
    WHERE :level = 'org' AND o.valid @> CAST(:day AS date) AND o.tier = ANY (:tiers)
),
valued AS (
    SELECT l.*, v.value, v.numerator, v.denominator, coalesce(v.status, 'not_reported') AS status,
           coalesce(v.reporting, 0) AS reporting, coalesce(v.expected, 1) AS expected,
           coalesce(v.basis, 'reported') AS basis, coalesce(v.flags, '{}') AS flags,
           b.value AS previous,
           CASE WHEN v.value IS NOT NULL
                THEN rank() OVER (PARTITION BY l.kind, v.value IS NULL ORDER BY v.value DESC)
           END AS rank,
           count(v.value) OVER (PARTITION BY l.kind) AS rank_of
    FROM place AS l
    LEFT JOIN place_value AS v
        ON v.indicator_key = :key AND v.level = :level AND v.period_key = :period
        AND v.place_id = l.id
    LEFT JOIN place_value AS b
        ON b.indicator_key = :key AND b.level = :level AND b.period_key = :before
        AND b.place_id = l.id
)
SELECT * FROM valued
WHERE CAST(:area_id AS bigint) IS NULL OR CAST(:area_id AS bigint) = ANY (inside)
   OR province_code IN (SELECT m.province_code FROM region_member AS m WHERE m.region_id = :area_id)
ORDER BY code
