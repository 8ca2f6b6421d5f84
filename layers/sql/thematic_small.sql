-- Status and value of every area of a level in force on a day, by code, and the value of the whole
-- country: for many indicators at once, each in a period of its own.
SELECT asked.key, found.codes, found.statuses, found.values, whole.value AS total
FROM unnest(CAST(:keys AS text[]), CAST(:periods AS text[]), CAST(:days AS date[]))
    AS asked (key, period, day)
CROSS JOIN LATERAL (
    SELECT array_agg(a.code ORDER BY a.code) AS codes,
           array_agg(coalesce(v.status, 'not_reported') ORDER BY a.code) AS statuses,
           array_agg(v.value ORDER BY a.code) AS values
    FROM area AS a
    LEFT JOIN place_value AS v
        ON v.indicator_key = asked.key AND v.level = :level AND v.period_key = asked.period
        AND v.place_id = a.id
    WHERE a.level = :level AND a.scheme IS NULL AND a.valid @> asked.day
) AS found
LEFT JOIN (
    place_value AS whole JOIN area AS country ON country.id = whole.place_id AND country.code = 'TH'
)
    ON whole.indicator_key = asked.key AND whole.level = 'country'
    AND whole.period_key = asked.period AND country.valid @> asked.day
