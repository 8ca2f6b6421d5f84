-- Values of all periods at a level, zeros apart, of each indicator: all of them, or so many of
-- their quantiles.
SELECT asked.key, (
    WITH spread AS MATERIALIZED (
        SELECT value FROM place_value
        WHERE indicator_key = asked.key AND level = :level AND status = 'reported'
          AND (CAST(:places AS bigint[]) IS NULL OR place_id = ANY (CAST(:places AS bigint[])))
    )
    SELECT CASE WHEN (SELECT count(*) FROM spread) <= :most
                THEN (SELECT array_agg(value) FROM spread)
                ELSE (SELECT percentile_disc(ARRAY(
                          SELECT i::float8 / (:most - 1) FROM generate_series(0, :most - 1) AS i
                      )) WITHIN GROUP (ORDER BY value) FROM spread) END
) AS spread
FROM unnest(CAST(:keys AS text[])) AS asked (key)
