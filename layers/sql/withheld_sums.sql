-- What everybody may reckon: sums of cells, the last of `cells` being the whole where there is one.
-- What a rate was divided from may be of fewer places than the amount of the same name.
SELECT array_agg(c.n) || p.n AS cells,
       array_agg(1::float8) || (-1)::float8 AS factors, true AS has_whole,
       false AS may_be_fewer
FROM value_up AS u
JOIN linked_cell AS p ON p.level = u.to_level AND p.place_id = u.to_id
JOIN linked_cell AS c
    ON c.s = p.s AND c.t = p.t AND c.level = u.from_level AND c.place_id = u.from_id
GROUP BY p.n, u.from_level, u.tier
UNION ALL
SELECT array_agg(c.n) || w.n, array_agg(a.factor) || (-1)::float8, true, y.part <> 'value'
FROM (SELECT *, count(*) OVER (PARTITION BY id) AS parts FROM linked_sum) AS a
JOIN linked_series AS y ON y.s = a.whole
JOIN linked_cell AS w ON w.s = a.whole
JOIN linked_cell AS c
    ON c.s = a.part AND c.t = w.t AND c.level = w.level AND c.place_id = w.place_id
GROUP BY a.id, a.parts, w.n, y.part
HAVING count(*) = a.parts
UNION ALL
SELECT array_agg(c.n) || w.n, array_agg(1::float8) || (-1)::float8, true, false
FROM linked_series AS m
CROSS JOIN LATERAL jsonb_object_keys(m.breakdown) AS d
JOIN linked_series AS y
    ON y.indicator = m.indicator AND y.part = m.part AND y.breakdown = m.breakdown - d
JOIN linked_cell AS c ON c.s = m.s
JOIN linked_cell AS w
    ON w.s = y.s AND w.t = c.t AND w.level = c.level AND w.place_id = c.place_id
GROUP BY w.n, d
UNION ALL
-- a denominator of another period
SELECT ARRAY[c.n, w.n], ARRAY[1, -1]::float8[], true, false
FROM linked_series AS x
JOIN linked_cell AS w ON w.s = x.s
JOIN value_raw AS v
    ON v.k = x.k AND v.t = w.t AND v.level = w.level AND v.place_id = w.place_id
CROSS JOIN LATERAL unnest(v.flags) AS f
JOIN value_time AS q ON f = 'denominator-' || q.key
JOIN linked_cell AS c
    ON c.s = x.below_s AND c.t = q.t AND c.level = w.level AND c.place_id = w.place_id
WHERE x.part = 'below'
UNION ALL
-- organisations and sub-districts that together are the same ground
SELECT array_agg(c.n),
       array_agg(CASE c.level WHEN 6 THEN 1 ELSE -1 END::float8), false, false
FROM linked_cover AS g
JOIN linked_cell AS c ON c.level = g.level AND c.place_id = g.place_id
GROUP BY g.id, g.members, c.s, c.t
HAVING count(*) = g.members
UNION ALL
SELECT array_agg(c.n) || w.n, array_agg(z.factor) || (-1)::float8, true, false
FROM linked_span AS z
JOIN linked_series AS x ON x.time_agg = z.time_agg
JOIN linked_cell AS w ON w.s = x.s AND w.t = z.whole
JOIN linked_cell AS c
    ON c.s = w.s AND c.t = z.part AND c.level = w.level AND c.place_id = w.place_id
GROUP BY z.id, z.members, w.n
HAVING count(*) = z.members
