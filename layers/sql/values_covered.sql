-- Estimate an amount of each organisation from the sub-districts it covers, all of which must
-- be known; a provincial organisation, and Bangkok, have the amount of their province.
INSERT INTO value_covered
WITH covered AS (
    SELECT org_id, area_id, share_pop, count(*) OVER (PARTITION BY org_id) AS parts
    FROM org_coverage
)
SELECT :key, v.period_key, c.org_id, sum(v.value * c.share_pop)
FROM covered AS c
JOIN org AS o ON o.id = c.org_id AND o.tier = 'lower' AND o.kind <> 'BMA'
JOIN value_raw AS v
    ON v.indicator_key = :key AND v.level = 'subdistrict' AND v.place_id = c.area_id
WHERE v.value IS NOT NULL
GROUP BY v.period_key, c.org_id, c.parts
HAVING count(*) = c.parts
UNION ALL
SELECT :key, v.period_key, o.id, v.value
FROM org AS o
JOIN value_raw AS v
    ON v.indicator_key = :key AND v.level = 'province' AND v.place_id = o.province_id
WHERE (o.tier = 'upper' OR o.kind = 'BMA') AND v.value IS NOT NULL
