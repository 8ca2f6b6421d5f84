CREATE TEMPORARY TABLE stage_observation (
    indicator_key text NOT NULL,
    area_id bigint,
    org_id bigint,
    period_key text NOT NULL,
    breakdown jsonb NOT NULL,
    value double precision,
    numerator double precision,
    denominator double precision,
    status text NOT NULL,
    flags text[] NOT NULL,
    source_row bigint,
    existing bigint,
    same boolean NOT NULL DEFAULT false
) ON COMMIT DROP
