-- Which staged values are stored already, and which of those say the same. Flags that a log of
-- remarks put on a stored value ('noted-...') are carried over: the file itself knows nothing
-- of them.
UPDATE stage_observation s
SET existing = o.id,
    flags = s.flags || noted.flags,
    same = o.value IS NOT DISTINCT FROM s.value
        AND o.numerator IS NOT DISTINCT FROM s.numerator
        AND o.denominator IS NOT DISTINCT FROM s.denominator
        AND o.status = s.status
        AND o.flags @> (s.flags || noted.flags) AND (s.flags || noted.flags) @> o.flags
FROM geo.observation o
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(f), '{}') AS flags FROM unnest(o.flags) f WHERE f LIKE 'noted-%'
) noted
WHERE o.dataset_id = :dataset
    AND o.indicator_key = s.indicator_key
    AND o.period_key = s.period_key
    AND o.breakdown = s.breakdown
    -- coalesce instead of IS NOT DISTINCT FROM: only equality can be hashed
    AND coalesce(o.area_id, 0) = coalesce(s.area_id, 0)
    AND coalesce(o.org_id, 0) = coalesce(s.org_id, 0)
