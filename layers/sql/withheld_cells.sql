-- Cells that can give each other away, numbered from 0.
CREATE TEMP TABLE linked_time ON COMMIT DROP AS
WITH struck AS (
    SELECT DISTINCT x.family, h.t
    FROM value_hidden AS h
    JOIN linked_series AS x ON x.k = h.k
),
-- the year of a month, and from there its other months
touching AS (
    SELECT p.t, q.t AS other
    FROM value_time AS p
    JOIN period AS a ON a.key = p.key
    JOIN period AS b
        ON (b.start_date <= a.start_date AND b.end_date >= a.end_date)
        OR (a.start_date <= b.start_date AND a.end_date >= b.end_date)
    JOIN value_time AS q ON q.key = b.key
),
near AS (
    SELECT DISTINCT s.family, m.other AS t
    FROM struck AS s
    JOIN touching AS n ON n.t = s.t
    JOIN touching AS m ON m.t = n.other
)
SELECT family, t FROM near
UNION
-- what was divided by then, if that is older
SELECT n.family, q.t
FROM near AS n
JOIN linked_series AS x ON x.family = n.family AND x.part = 'below'
JOIN value_raw AS v ON v.k = x.k AND v.t = n.t
CROSS JOIN LATERAL unnest(v.flags) AS f
JOIN value_time AS q ON f = 'denominator-' || q.key;

-- A number of persons that is withheld must not be known. The parts of a rate that is withheld are
-- merely not shown: they may be counts that are.
CREATE TEMP TABLE linked_cell ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY c.s, c.t, c.level, c.place_id) - 1)::int AS n, c.*,
       h.k IS NOT NULL AND c.stands_alone AND NOT c.is_fixed AS is_hidden,
       h.k IS NOT NULL AND NOT c.stands_alone AS is_unshown
FROM (
    SELECT x.s, x.k, v.level, v.t, v.place_id,
           CASE x.part WHEN 'value' THEN v.value WHEN 'above' THEN v.numerator
                       ELSE v.denominator END AS value,
           x.width, x.is_fixed,
           x.part = 'value' AND v.level <= x.zeros_to AS shows_zero,
           x.part = 'value' OR NOT EXISTS (
               SELECT 1 FROM value_numerator AS u WHERE u.k = x.k
           ) AS stands_alone
    FROM linked_series AS x
    JOIN linked_time AS z ON z.family = x.family
    JOIN value_raw AS v ON v.k = x.k AND v.t = z.t AND v.level <= x.finest
    WHERE v.value IS NOT NULL
) AS c
LEFT JOIN (SELECT DISTINCT * FROM value_hidden) AS h
    ON h.k = c.k AND h.level = c.level AND h.t = c.t AND h.place_id = c.place_id
WHERE c.value IS NOT NULL AND c.value >= 0
