-- A part that withholds nothing is read back as it was prepared, instead of prepared again.
INSERT INTO value_raw
SELECT indicator_key, level, period_key, place_id, value, numerator, denominator, status,
       reporting, expected, basis, flags
FROM place_value
WHERE indicator_key = :key AND status <> 'not_reported'
