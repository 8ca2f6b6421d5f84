-- Drop what is no longer true, and only that. No other session writes here: loads hold a lock.
DELETE FROM place_value AS v USING value_diff AS d WHERE v.ctid = d.gone
