-- The breakdowns reported, by indicator, in the words the database keeps them.
SELECT DISTINCT indicator_key, breakdown::text AS told
FROM observation
WHERE breakdown <> '{}'
