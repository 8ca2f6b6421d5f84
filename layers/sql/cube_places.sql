-- Every place of the cube with what it lies in, once for each stretch of time it was in force.
-- Provinces tell their region by a table of members, one for each scheme.
SELECT a.id, a.level, coalesce(a.scheme, '') AS scheme, a.code, a.name_th, a.name_en,
       coalesce(lower(a.valid), '0001-01-01'::date) AS since,
       coalesce(upper(a.valid), '9999-12-31'::date) AS until,
       CASE a.level WHEN 'province' THEN a.code WHEN 'district' THEN p.code
                    WHEN 'subdistrict' THEN g.code END AS province,
       CASE a.level WHEN 'district' THEN a.code WHEN 'subdistrict' THEN p.code END AS district,
       '' AS tier, '' AS kind, '' AS size
FROM area AS a
LEFT JOIN area AS p ON p.id = a.parent_id
LEFT JOIN area AS g ON g.id = p.parent_id
UNION ALL
SELECT o.id, 'org', '', o.code, o.name_th, o.name_en,
       coalesce(lower(o.valid), '0001-01-01'::date), coalesce(upper(o.valid), '9999-12-31'::date),
       p.code, d.code, o.tier, o.kind, coalesce(o.size_class, 'Undefined')
FROM org AS o
JOIN area AS p ON p.id = o.province_id
LEFT JOIN area AS d ON d.id = o.district_id
