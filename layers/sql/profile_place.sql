-- The place of a code as it is now, or as it was last, with what it lies in.
SELECT a.level, a.id, a.code, a.name_th, a.name_en, '' AS kind, a.area_km2, a.scheme,
       upper_inf(a.valid) AS is_in_force, a.is_illustrative,
       lower(a.valid) AS first_day, upper(a.valid) AS after_day,
       p.level AS parent_level, p.code AS parent_code, p.name_th AS parent_th,
       p.name_en AS parent_en,
       g.level AS grand_level, g.code AS grand_code, g.name_th AS grand_th, g.name_en AS grand_en
FROM area AS a
LEFT JOIN area AS p ON p.id = a.parent_id
LEFT JOIN area AS g ON g.id = p.parent_id
WHERE a.code = :code
UNION ALL
SELECT 'org', o.id, o.code, o.name_th, o.name_en, o.kind, o.area_km2, NULL,
       upper_inf(o.valid), false, lower(o.valid), upper(o.valid),
       d.level, d.code, d.name_th, d.name_en,
       p.level, p.code, p.name_th, p.name_en
FROM org AS o
JOIN area AS p ON p.id = o.province_id
LEFT JOIN area AS d ON d.id = o.district_id
WHERE o.code = :code
ORDER BY is_in_force DESC, id DESC
LIMIT 1
