-- What is made from others is withheld wherever one of them is; a denominator may be of another
-- period, or be made from the sub-districts that an organisation covers.
INSERT INTO value_hidden
WITH made AS (
    SELECT v.k, v.level, v.t, v.place_id, v.flags,
           'estimated-denominator' = ANY (v.flags) AS is_estimated
    FROM value_raw AS v
    JOIN value_rule AS r ON r.k = v.k AND r.is_wanted AND NOT r.is_amount AND v.level <= r.finest
    WHERE v.value IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM value_hidden AS h
        WHERE h.k = v.k AND h.level = v.level AND h.t = v.t AND h.place_id = v.place_id
    )
),
lost AS (
    SELECT DISTINCT p.k, p.is_below, h.level, h.t, h.place_id, 'denominator-' || q.key AS carried
    FROM value_hidden AS h
    JOIN value_part AS p ON p.part_k = h.k
    JOIN value_time AS q ON q.t = h.t
),
covers AS (
    SELECT c.org_id, c.area_id, 5 AS level FROM org_coverage AS c
    UNION ALL
    SELECT o.id, o.province_id, 3 FROM org AS o WHERE o.tier = 'upper' OR o.kind = 'BMA'
)
SELECT m.k, m.level, m.t, m.place_id
FROM made AS m
JOIN lost AS o ON o.k = m.k AND o.level = m.level AND o.place_id = m.place_id
WHERE m.t = o.t OR (o.is_below AND o.carried = ANY (m.flags))
UNION
SELECT m.k, m.level, m.t, m.place_id
FROM made AS m
JOIN covers AS c ON c.org_id = m.place_id
JOIN lost AS o ON o.k = m.k AND o.level = c.level AND o.place_id = c.area_id AND o.is_below
WHERE m.level = 6 AND m.is_estimated AND (m.t = o.t OR o.carried = ANY (m.flags))
