-- The next day on which a place comes into force or goes out of it; null when none is known.
SELECT min(day)
FROM (
    SELECT lower(valid) AS day FROM geo.area
    UNION ALL
    SELECT upper(valid) FROM geo.area
    UNION ALL
    SELECT lower(valid) FROM geo.org
    UNION ALL
    SELECT upper(valid) FROM geo.org
) AS turns
WHERE day > current_date
