-- Areas whose newest version differs from its draft. A draft without a shape, without a name
-- or without other names says nothing about them.
SELECT a.id
FROM area_draft d
CROSS JOIN LATERAL (
    SELECT *
    FROM area
    WHERE level = :level AND code = d.code
    ORDER BY upper(valid) DESC NULLS FIRST
    LIMIT 1
) a
LEFT JOIN LATERAL (
    SELECT id
    FROM area
    WHERE level = :above AND (code = d.parent OR level = 'country')
    ORDER BY upper(valid) DESC NULLS FIRST
    LIMIT 1
) p ON true
WHERE (d.name_th <> '' AND a.name_th <> d.name_th)
    OR (d.name_en <> '' AND a.name_en <> d.name_en)
    OR (d.name_alt <> '' AND NOT a.name_alt @> string_to_array(d.name_alt, chr(31)))
    OR a.parent_id IS DISTINCT FROM p.id
    OR (d.geom IS NOT NULL AND ST_AsBinary(a.geom) IS DISTINCT FROM ST_AsBinary(d.geom))
    OR (d.geom IS NOT NULL AND a.is_illustrative <> :illustrative)
    OR (d.closed IS NOT NULL AND upper(a.valid) IS DISTINCT FROM d.closed)
