-- Resolutions that shares are kept at; one probe of the index each, as the table is large.
SELECT resolution
FROM generate_series(0, 15) AS possible (resolution)
WHERE EXISTS (SELECT 1 FROM geo.cell_share AS c WHERE c.resolution = possible.resolution)
ORDER BY resolution
