-- Tables whose size is far from what the planner was last told.
SELECT c.relname
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_relation_size(c.oid) / current_setting('block_size')::int AS pages) AS s
WHERE n.nspname = 'geo' AND c.relkind = 'r'
  AND CASE WHEN c.reltuples < 0 THEN s.pages > 10
           ELSE abs(s.pages - c.relpages) > 50 + c.relpages / 10 END
ORDER BY c.relname
