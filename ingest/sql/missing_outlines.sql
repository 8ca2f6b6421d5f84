SELECT DISTINCT c.cell
FROM geo.cell_share AS c
WHERE c.resolution <= :finest
  AND NOT EXISTS (SELECT 1 FROM geo.hex_cell AS h WHERE h.cell = c.cell)
ORDER BY c.cell
