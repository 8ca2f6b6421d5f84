-- Leave only the periods that a change of some can reach, and those they may be divided by.
--
-- A value may be divided by one as many years older as its indicator allows, and that by another;
-- `later` is 0 where those that are reached are all named.
WITH changed AS (
    SELECT end_date FROM value_time WHERE key = ANY (:periods)
),
reached AS (
    SELECT p.t, p.end_date
    FROM value_time AS p
    WHERE EXISTS (
        SELECT 1 FROM changed AS c
        WHERE p.key = ANY (:periods)
           OR (p.end_date >= c.end_date AND p.end_date <= c.end_date + make_interval(years => :later))
    )
),
needed AS (
    SELECT q.t
    FROM value_time AS q
    WHERE q.t IN (SELECT r.t FROM reached AS r) OR EXISTS (
        SELECT 1 FROM reached AS r
        WHERE q.end_date <= r.end_date AND q.end_date >= r.end_date - make_interval(years => :years)
    )
),
gone AS (
    DELETE FROM value_time WHERE t NOT IN (SELECT n.t FROM needed AS n)
)
UPDATE value_time SET is_stored = false
WHERE t IN (SELECT n.t FROM needed AS n) AND t NOT IN (SELECT r.t FROM reached AS r)
