-- Cells that can give each other away: of series (an indicator, one of its breakdowns, or the
-- numerators or denominators that a ratio was divided from) that hang together, in the periods in
-- which any of them is withheld.
DROP TABLE IF EXISTS linked_series, linked_time, linked_cell, linked_sum, linked_cover, linked_span;
CREATE TEMP TABLE linked_series (
    s int PRIMARY KEY,
    k smallint NOT NULL,
    part text NOT NULL,
    family int NOT NULL,
    indicator text NOT NULL,
    breakdown jsonb NOT NULL,
    time_agg text NOT NULL,
    below_s int,
    finest smallint NOT NULL,
    zeros_to smallint NOT NULL,
    width float8 NOT NULL,
    is_fixed boolean NOT NULL,
    is_open boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE linked_sum (
    id int NOT NULL, whole int NOT NULL, part int NOT NULL, factor float8 NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE linked_cover (
    id int NOT NULL, members int NOT NULL, level smallint NOT NULL, place_id bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE linked_span (
    id int NOT NULL, members int NOT NULL, time_agg text NOT NULL,
    whole smallint NOT NULL, part smallint NOT NULL, factor float8 NOT NULL
) ON COMMIT DROP
