-- The newest version of each changed area takes over what its draft says.
UPDATE area a
SET name_th = coalesce(nullif(d.name_th, ''), a.name_th),
    name_en = coalesce(nullif(d.name_en, ''), a.name_en),
    name_alt = ARRAY(
        SELECT DISTINCT one
        FROM unnest(a.name_alt || string_to_array(nullif(d.name_alt, ''), chr(31))) one
        ORDER BY one
    ),
    parent_id = (
        SELECT p.id
        FROM area p
        WHERE p.level = :above AND (p.code = d.parent OR p.level = 'country')
        ORDER BY upper(p.valid) DESC NULLS FIRST
        LIMIT 1
    ),
    geom = coalesce(d.geom, a.geom),
    point = CASE WHEN d.geom IS NULL THEN a.point ELSE ST_PointOnSurface(d.geom) END,
    area_km2 = coalesce(d.area_km2, a.area_km2),
    is_illustrative = CASE WHEN d.geom IS NULL THEN a.is_illustrative ELSE :illustrative END,
    valid = daterange(lower(a.valid), coalesce(d.closed, upper(a.valid))),
    shape_version_id = CASE WHEN d.geom IS NULL THEN a.shape_version_id ELSE :version END
FROM area_draft d
WHERE a.id = ANY(:ids) AND a.code = d.code
