-- Rows that some loads refused, flagged or repaired. What stood in them is for few to see, and
-- so are remarks that are not for all (`untold`): who may not see the words is not told the row.
SELECT run_id, severity, reason, file_name, "row", "column", said, hint_th, hint_en, candidates
FROM refusal
WHERE run_id = ANY (:runs) AND (reason <> ALL (:untold) OR hint_en <> '' OR said IS NOT NULL)
ORDER BY id
LIMIT :most
