-- Reports behind a value: those on the place itself, else those on places within it. What they said
-- is told as far as it is shown: a value that is withheld, or too fine, is withheld here.
WITH asked AS (
    SELECT a.id AS area_id, NULL::bigint AS org_id, a.code, a.level
    FROM area AS a
    WHERE a.level = :level AND a.code = :code
    UNION ALL
    SELECT NULL, o.id, o.code, 'org' FROM org AS o WHERE :level = 'org' AND o.code = :code
),
province AS (
    SELECT p.id, p.code FROM area AS p WHERE p.level = 'province'
),
behind AS (
    SELECT o.*, coalesce(a.code, g.code) AS code, coalesce(a.level, 'org') AS level,
           EXISTS (SELECT 1 FROM asked AS q WHERE q.area_id = o.area_id OR q.org_id = o.org_id)
               AS is_own
    FROM reported AS o
    LEFT JOIN area AS a ON a.id = o.area_id
    LEFT JOIN area AS d ON d.id = a.parent_id
    LEFT JOIN org AS g ON g.id = o.org_id
    LEFT JOIN province AS p
        ON p.id = coalesce(g.province_id, CASE a.level WHEN 'province' THEN a.id
                                                       WHEN 'district' THEN a.parent_id
                                                       WHEN 'subdistrict' THEN d.parent_id END)
    WHERE o.indicator_key = ANY (:keys) AND o.period_key = :period AND o.is_total
      AND EXISTS (
        SELECT 1 FROM asked AS q
        WHERE q.org_id = o.org_id OR q.area_id IN (a.id, a.parent_id, g.district_id, p.id)
           OR q.level = 'country'
           OR (q.level = 'region' AND p.code IN (
               SELECT m.province_code FROM region_member AS m WHERE m.region_id = q.area_id
           ))
      )
),
counted AS (
    SELECT *, bool_or(is_own) OVER (PARTITION BY indicator_key) AS has_own FROM behind
)
SELECT c.indicator_key, c.period_key, c.code, s.value, s.status, s.flags,
       c.dataset_id, v.version, coalesce(r.file_name, '') AS file_name, c.source_row, v.created_at
FROM counted AS c
JOIN place_value AS s
    ON s.indicator_key = c.indicator_key AND s.level = c.level AND s.period_key = c.period_key
    AND s.place_id = coalesce(c.area_id, c.org_id)
JOIN dataset_version AS v ON v.id = c.version_id
LEFT JOIN ingest_run AS r ON r.id = v.run_id
WHERE c.is_own OR NOT c.has_own
ORDER BY c.indicator_key, c.code, c.dataset_id
LIMIT :most
