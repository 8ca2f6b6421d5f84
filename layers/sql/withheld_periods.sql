-- The periods in which a change of some can bear on what is withheld: later ones that may be divided
-- by them, and however remotely, those that lie within one another and those divided by another.
WITH RECURSIVE divided AS (
    SELECT DISTINCT v.period_key AS key, substr(f, length('denominator-') + 1) AS other
    FROM place_value AS v
    CROSS JOIN LATERAL unnest(v.flags) AS f
    WHERE v.indicator_key = ANY (:keys) AND starts_with(f, 'denominator-')
    UNION
    SELECT DISTINCT v.period_key, substr(f, length('denominator-') + 1)
    FROM slice_value AS v
    JOIN slice AS s ON s.id = v.slice_id
    CROSS JOIN LATERAL unnest(v.flags) AS f
    WHERE s.indicator_key = ANY (:keys) AND starts_with(f, 'denominator-')
),
told AS (
    SELECT p.key, p.start_date, p.end_date
    FROM period AS p
    WHERE p.key = ANY (:periods)
       OR p.key IN (SELECT v.period_key FROM place_value AS v WHERE v.indicator_key = ANY (:keys))
       OR p.key IN (SELECT o.period_key FROM observation AS o WHERE o.indicator_key = ANY (:keys))
),
link AS (
    SELECT a.key, b.key AS other
    FROM told AS a
    JOIN told AS b
        ON (b.start_date <= a.start_date AND b.end_date >= a.end_date)
        OR (a.start_date <= b.start_date AND a.end_date >= b.end_date)
    UNION ALL
    SELECT key, other FROM divided
    UNION ALL
    SELECT other, key FROM divided
),
linked AS (
    SELECT t.key
    FROM told AS t
    JOIN period AS c ON c.key = ANY (:periods)
        AND t.end_date >= c.end_date AND t.end_date <= c.end_date + make_interval(years => :years)
    UNION
    SELECT k.other FROM linked AS n JOIN link AS k ON k.key = n.key
)
SELECT key FROM linked
UNION
SELECT unnest(CAST(:periods AS text[]))
