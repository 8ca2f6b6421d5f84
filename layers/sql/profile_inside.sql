-- What lies directly in a place, in the order of the Thai alphabet: regions and the country hold
-- provinces, provinces districts, districts sub-districts; organisations cover sub-districts, and
-- provinces, districts and sub-districts have organisations.
SELECT * FROM (
    SELECT c.level, c.code, c.name_th, c.name_en, '' AS kind
    FROM area AS c
    WHERE upper_inf(c.valid) AND (
        (:level IN ('province', 'district') AND c.parent_id = :id)
        OR (:level = 'country' AND c.level = 'province')
        OR (:level = 'region' AND c.level = 'province'
            AND c.code IN (SELECT m.province_code FROM region_member AS m WHERE m.region_id = :id))
        OR (:level = 'org' AND c.id IN (SELECT v.area_id FROM org_coverage AS v WHERE v.org_id = :id))
    )
    UNION ALL
    SELECT 'org', o.code, o.name_th, o.name_en, o.kind
    FROM org AS o
    WHERE upper_inf(o.valid) AND (
        (:level = 'province' AND o.province_id = :id)
        OR (:level = 'district' AND o.district_id = :id)
        OR (:level = 'subdistrict'
            AND o.id IN (SELECT v.org_id FROM org_coverage AS v WHERE v.area_id = :id))
    )
) AS inside
ORDER BY level, name_th COLLATE "th-x-icu", code
