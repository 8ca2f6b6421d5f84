-- Codes that follow from the DOPA code. TIS 1099 is what ISO 3166-2 and OCHA's P-codes
-- take over; a code of a region scheme is our own and has none.
INSERT INTO area_code (area_id, system, code, valid)
SELECT a.id, s.system, s.prefix || CASE WHEN a.level = 'country' THEN '' ELSE a.code END, a.valid
FROM area AS a
JOIN (
    VALUES ('iso3166_2', 'TH-', ARRAY['province']),
           ('pcode', 'TH', ARRAY['country', 'province', 'district', 'subdistrict'])
) AS s (system, prefix, levels) ON a.level = ANY (s.levels)
WHERE NOT EXISTS (
    SELECT 1 FROM area_code AS c WHERE c.area_id = a.id AND c.system = s.system
)
RETURNING area_id
