-- Drop what is no longer true, and only that.
DELETE FROM place_value AS t
WHERE t.indicator_key = :key AND NOT EXISTS (
    SELECT 1 FROM value_new AS n
    WHERE n.level = t.level AND n.period_key = t.period_key AND n.place_id = t.place_id
      AND (n.value, n.numerator, n.denominator, n.status, n.reporting, n.expected, n.basis, n.flags)
          IS NOT DISTINCT FROM
          (t.value, t.numerator, t.denominator, t.status, t.reporting, t.expected, t.basis, t.flags)
)
