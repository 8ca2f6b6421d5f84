-- Where a place stands among those of its kind: places of its level, organisations of its type,
-- regions of its scheme; and the values of the places it lies in.
WITH asked AS (
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:periods AS text[]), CAST(:own AS float8[]))
        AS said (key, period, own)
),
peer AS (
    SELECT id FROM area WHERE :level <> 'org' AND level = :level
        AND scheme IS NOT DISTINCT FROM CAST(:scheme AS text)
    UNION ALL
    SELECT id FROM org WHERE :level = 'org' AND kind = :kind
),
chosen AS (
    SELECT id FROM peer WHERE CAST(:among AS bigint[]) IS NULL
    UNION
    SELECT unnest(CAST(:among AS bigint[]))
),
stand AS (
    SELECT a.key, count(v.value) AS places,
           count(*) FILTER (WHERE v.value > a.own) AS above,
           count(*) FILTER (WHERE v.value < a.own) AS below,
           percentile_cont(ARRAY[0, 0.25, 0.5, 0.75, 1]) WITHIN GROUP (ORDER BY v.value) AS spread
    FROM asked AS a
    JOIN place_value AS v ON v.indicator_key = a.key AND v.period_key = a.period AND v.level = :level
        -- again as values: for insiders this is a view of two parts, into which no join reaches
        AND v.indicator_key = ANY (CAST(:keys AS text[]))
        AND v.period_key = ANY (CAST(:periods AS text[]))
    JOIN chosen AS p ON p.id = v.place_id
    WHERE v.value IS NOT NULL
    GROUP BY a.key
)
SELECT a.key, coalesce(s.places, 0) AS places, s.above, s.below, s.spread,
       n.value AS country, u.value AS province
FROM asked AS a
LEFT JOIN stand AS s ON s.key = a.key
LEFT JOIN place_value AS n
    ON n.indicator_key = a.key AND n.level = 'country' AND n.period_key = a.period
LEFT JOIN place_value AS u
    ON u.indicator_key = a.key AND u.level = 'province' AND u.period_key = a.period
    AND u.place_id = (
        SELECT p.id FROM area AS p
        WHERE p.level = 'province' AND p.code = :province AND upper_inf(p.valid)
    )
