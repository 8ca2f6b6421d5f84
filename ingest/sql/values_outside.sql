-- Values of organisations in periods at whose end they were not in force, given the first day
-- after their end or the day of their beginning.
--
-- Bound: ids, days, ends (whether the day is an end; side by side).
SELECT o.org_id, g.code, count(*) AS number, min(p.key) AS earliest, max(p.key) AS latest
FROM unnest((:ids)::bigint [], (:days)::date [], (:ends)::boolean []) AS turn (org_id, day, is_end)
JOIN geo.observation AS o ON o.org_id = turn.org_id AND o.value IS NOT NULL
JOIN geo.org AS g ON g.id = o.org_id
JOIN geo.period AS p ON p.key = o.period_key
WHERE (p.end_date >= turn.day) = turn.is_end
GROUP BY o.org_id, g.code
