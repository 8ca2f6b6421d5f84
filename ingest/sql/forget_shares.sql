-- Shares of areas that have lost their shape, or now have smaller areas with one below them.
WITH gone AS MATERIALIZED (
    SELECT a.id
    FROM geo.area AS a
    WHERE a.level IN ('subdistrict', 'district', 'province')
      AND (
          a.geom IS NULL
          OR EXISTS (
              SELECT 1 FROM geo.area AS b
              WHERE b.parent_id = a.id AND b.geom IS NOT NULL
          )
          OR EXISTS (
              SELECT 1 FROM geo.area AS b JOIN geo.area AS c ON c.parent_id = b.id
              WHERE b.parent_id = a.id AND c.geom IS NOT NULL
          )
      )
),

-- the index begins with the resolution
sought AS MATERIALIZED (
    SELECT wanted.resolution, gone.id
    FROM gone, unnest((:resolutions)::smallint []) AS wanted (resolution)
    WHERE EXISTS (
        SELECT 1 FROM geo.cell_share AS c
        WHERE c.resolution = wanted.resolution AND c.area_id = gone.id
    )
)

DELETE FROM geo.cell_share AS c
USING sought
WHERE c.resolution = sought.resolution AND c.area_id = sought.id
