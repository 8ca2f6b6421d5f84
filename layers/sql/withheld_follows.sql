-- An amount is withheld wherever the persons it stands for are, or any part of them.
INSERT INTO value_hidden
SELECT DISTINCT v.k, v.level, v.t, v.place_id
FROM unnest(CAST(:ks AS smallint[]), CAST(:persons AS text[])) AS f (k, persons)
JOIN value_rule AS r ON r.key = f.persons OR split_part(r.key, '{', 1) = f.persons
JOIN value_hidden AS h ON h.k = r.k
JOIN value_raw AS v ON v.k = f.k AND v.level = h.level AND v.t = h.t AND v.place_id = h.place_id
WHERE v.value IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM value_hidden AS w
    WHERE w.k = v.k AND w.level = v.level AND w.t = v.t AND w.place_id = v.place_id
  )
