-- Keep the true values of what is withheld, and of nothing else.
DELETE FROM sealed_value AS s
USING value_rule AS r, value_time AS p
WHERE r.key = s.indicator_key AND r.is_wanted AND p.key = s.period_key AND p.is_stored
  AND NOT EXISTS (
    SELECT 1 FROM value_sealed AS n
    WHERE n.key = s.indicator_key AND n.level = s.level AND n.period_key = s.period_key
      AND n.place_id = s.place_id AND NOT n.is_sliced
      AND (n.value, n.numerator, n.denominator, n.status, n.is_listed)
          IS NOT DISTINCT FROM (s.value, s.numerator, s.denominator, s.status, s.is_listed)
  );
INSERT INTO sealed_value (
    indicator_key, level, period_key, place_id, value, numerator, denominator, status, is_listed
)
SELECT key, level, period_key, place_id, value, numerator, denominator, status, is_listed
FROM value_sealed
WHERE NOT is_sliced
ON CONFLICT DO NOTHING
