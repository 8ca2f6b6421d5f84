-- Estimate an amount of each organisation from the sub-districts it covers, all of which must
-- be known; a provincial organisation, and Bangkok, have the amount of their province. Only
-- where an organisation reported a numerator, and each amount once.
INSERT INTO value_covered
WITH wanted AS (
    SELECT DISTINCT r.denominator_k AS k
    FROM value_rule AS r
    JOIN value_numerator AS n ON n.k = r.k
    JOIN value_said AS s ON s.k = n.part_k AND s.level = 6
    WHERE r.depth = :depth AND r.adds_up AND r.denominator_k > 0
      AND r.denominator_k NOT IN (SELECT c.k FROM value_covered AS c)
),
covered AS (
    SELECT org_id, area_id, share_pop, count(*) OVER (PARTITION BY org_id) AS parts
    FROM org_coverage
)
-- In exact decimals, so that the order of adding does not matter.
SELECT v.k, v.t, c.org_id, sum((v.value * c.share_pop)::numeric)::float8
FROM covered AS c
JOIN org AS o ON o.id = c.org_id AND o.tier = 'lower' AND o.kind <> 'BMA'
JOIN value_raw AS v ON v.level = 5 AND v.place_id = c.area_id
JOIN wanted AS w ON w.k = v.k
WHERE v.value IS NOT NULL
GROUP BY v.k, v.t, c.org_id, c.parts
HAVING count(*) = c.parts
UNION ALL
SELECT v.k, v.t, o.id, v.value
FROM org AS o
JOIN value_raw AS v ON v.level = 3 AND v.place_id = o.province_id
JOIN wanted AS w ON w.k = v.k
WHERE (o.tier = 'upper' OR o.kind = 'BMA') AND v.value IS NOT NULL
