-- What a place replaced (`is_later` false) and what replaced it, and since when.
--
-- Bound: level, code. Of several rows of a code the one that ended on the day is meant, else the
-- one in force, else the last.
WITH turn AS (
    SELECT e.to_code AS other, e.effective, true AS is_later
    FROM area_event AS e
    WHERE e.level = :level AND e.from_code = :code AND e.to_code <> :code
    UNION
    SELECT e.from_code, e.effective, false
    FROM area_event AS e
    WHERE e.level = :level AND e.to_code = :code AND e.from_code <> :code
),
place AS (
    SELECT a.code, a.name_th, a.name_en, '' AS kind, a.valid FROM area AS a
    WHERE :level <> 'org' AND a.level = :level AND a.code IN (SELECT t.other FROM turn AS t)
    UNION ALL
    SELECT o.code, o.name_th, o.name_en, o.kind, o.valid FROM org AS o
    WHERE :level = 'org' AND o.code IN (SELECT t.other FROM turn AS t)
)
SELECT DISTINCT ON (t.is_later, t.effective, t.other)
       t.is_later, t.effective, p.code, p.name_th, p.name_en, p.kind
FROM turn AS t
JOIN place AS p ON p.code = t.other
ORDER BY t.is_later, t.effective, t.other,
         (NOT t.is_later AND upper(p.valid) = t.effective) DESC NULLS LAST,
         upper(p.valid) DESC NULLS FIRST
