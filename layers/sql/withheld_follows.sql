-- An amount is withheld wherever the persons it stands for are, or any part of them.
INSERT INTO value_hidden
SELECT DISTINCT v.k, v.level, v.t, v.place_id
FROM unnest(CAST(:ks AS smallint[]), CAST(:persons AS text[])) AS f (k, persons)
JOIN value_rule AS r ON r.key = f.persons OR split_part(r.key, '{', 1) = f.persons
JOIN value_hidden AS h ON h.k = r.k
JOIN value_raw AS v ON v.k = f.k AND v.level = h.level AND v.t = h.t AND v.place_id = h.place_id
WHERE v.value IS NOT NULL
