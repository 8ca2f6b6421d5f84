-- The last day, up to today, on which a place came into force or went out of it.
SELECT max(day)
FROM (
    SELECT lower(valid) AS day FROM geo.area
    UNION ALL
    SELECT upper(valid) FROM geo.area
    UNION ALL
    SELECT lower(valid) FROM geo.org
    UNION ALL
    SELECT upper(valid) FROM geo.org
) AS turns
WHERE day <= current_date
