UPDATE geo.observation o
SET value = s.value,
    numerator = s.numerator,
    denominator = s.denominator,
    status = s.status,
    flags = s.flags,
    source_row = s.source_row,
    version_id = :version
FROM stage_observation s
WHERE o.id = s.existing AND NOT s.same AND o.dataset_id = :dataset
