-- A weighted mean adds up as value times weight over weight.
UPDATE value_raw AS v
SET numerator = v.value * w.value, denominator = w.value,
    flags = CASE WHEN w.used = v.t THEN v.flags ELSE v.flags || ('denominator-' || w.used_key) END
FROM (
    SELECT DISTINCT ON (p.t, r.level, r.place_id)
           p.t, r.level, r.place_id, r.value, r.t AS used, q.key AS used_key
    FROM value_raw AS r
    JOIN value_time AS q ON q.t = r.t
    JOIN (
        SELECT DISTINCT n.t, y.end_date
        FROM value_raw AS n
        JOIN value_time AS y ON y.t = n.t
        WHERE n.k = :k
    ) AS p
        ON p.t = q.t
        OR (q.end_date <= p.end_date AND q.end_date >= p.end_date - make_interval(years => :years)
            AND :years > 0)
    WHERE r.k = :weight_k AND r.value IS NOT NULL
    ORDER BY p.t, r.level, r.place_id, (q.t = p.t) DESC, q.end_date DESC
) AS w
WHERE v.k = :k AND v.value IS NOT NULL
  AND w.level = v.level AND w.t = v.t AND w.place_id = v.place_id
