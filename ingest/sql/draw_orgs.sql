-- The shapes drawn for organisations; a stated size stands, an unknown one is that of the shape.
UPDATE org o
SET geom = ST_GeomFromWKB(decode(d.shape, 'hex'), :srid),
    geom_source = d.source,
    area_km2 = coalesce(o.area_km2, d.size)
FROM unnest(
    CAST(:ids AS bigint[]), CAST(:shapes AS text[]), CAST(:sources AS text[]),
    CAST(:sizes AS float8[])
) AS d (id, shape, source, size)
WHERE o.id = d.id
