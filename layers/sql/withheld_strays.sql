-- Whether anything is divided by a period that is not prepared along with it.
SELECT EXISTS (
    SELECT FROM value_raw AS v
    JOIN value_time AS p ON p.t = v.t AND p.is_stored
    CROSS JOIN LATERAL unnest(v.flags) AS f
    WHERE starts_with(f, 'denominator-')
      AND substr(f, length('denominator-') + 1) NOT IN (SELECT q.key FROM value_time AS q WHERE q.is_stored)
)
