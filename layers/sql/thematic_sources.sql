-- Data sets that some observations came from, with the day each was last loaded.
SELECT d.id, d.title_th, d.title_en, d.publisher_th, d.publisher_en, d.licence,
       d.attribution_th, d.attribution_en, d.source_url, d.version,
       (SELECT max(v.created_at)::date FROM dataset_version AS v WHERE v.dataset_id = d.id)
           AS loaded_on
FROM dataset AS d
WHERE d.id IN (
    SELECT DISTINCT o.dataset_id FROM reported AS o
    WHERE o.indicator_key = ANY (:keys) AND o.period_key = ANY (:periods)
)
ORDER BY d.id
