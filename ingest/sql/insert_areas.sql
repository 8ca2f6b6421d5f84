-- Codes that no area of the level has yet.
INSERT INTO area (
    level, code, name_th, name_en, name_alt, parent_id, geom, point, area_km2,
    is_illustrative, valid, version_id, shape_version_id
)
SELECT
    :level, d.code, d.name_th, d.name_en,
    coalesce(string_to_array(nullif(d.name_alt, ''), chr(31)), '{}'),
    (
        SELECT p.id
        FROM area p
        WHERE p.level = :above AND (p.code = d.parent OR p.level = 'country')
        ORDER BY upper(p.valid) DESC NULLS FIRST
        LIMIT 1
    ),
    d.geom, ST_PointOnSurface(d.geom), d.area_km2,
    :illustrative AND d.geom IS NOT NULL,
    daterange(NULL, d.closed),
    :version, CASE WHEN d.geom IS NOT NULL THEN :version END
FROM area_draft d
WHERE NOT EXISTS (SELECT FROM area a WHERE a.level = :level AND a.code = d.code)
ORDER BY d.code
