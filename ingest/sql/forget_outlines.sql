DELETE FROM geo.hex_cell AS h
WHERE h.resolution > :finest OR NOT EXISTS (
    SELECT 1 FROM geo.cell_share AS c WHERE c.resolution = h.resolution AND c.cell = h.cell
)
