-- How many rows some loads refused, flagged or repaired, by reason, as far as they are told.
SELECT reason, count(*)
FROM refusal
WHERE run_id = ANY (:runs) AND (reason <> ALL (:untold) OR hint_en <> '' OR said IS NOT NULL)
GROUP BY reason
ORDER BY reason
