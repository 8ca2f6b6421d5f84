-- Rank of places among their peers (rank 1 has the highest value), and how many have a value.
WITH peer AS (
    SELECT * FROM unnest(CAST(:places AS bigint[]), CAST(:groups AS int[])) AS p (place_id, g)
)
SELECT v.place_id, v.indicator_key, v.period_key,
       rank() OVER (PARTITION BY v.indicator_key, v.period_key, p.g ORDER BY v.value DESC) AS rank,
       count(*) OVER (PARTITION BY v.indicator_key, v.period_key, p.g) AS rank_of
FROM place_value AS v
JOIN peer AS p ON p.place_id = v.place_id
WHERE v.level = :level AND v.indicator_key = ANY (:keys) AND v.period_key = ANY (:periods)
  AND v.value IS NOT NULL
