-- Rows that some loads refused, flagged or repaired. What stood in them is for few to see.
SELECT run_id, severity, reason, file_name, "row", "column", said, hint_th, hint_en, candidates
FROM refusal
WHERE run_id = ANY (:runs)
ORDER BY id
LIMIT :most
