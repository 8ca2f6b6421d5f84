INSERT INTO value_rule
SELECT * FROM unnest(
    CAST(:k AS smallint[]), CAST(:key AS text[]), CAST(:depth AS smallint[]),
    CAST(:is_wanted AS boolean[]), CAST(:is_kept AS boolean[]), CAST(:adds_up AS boolean[]),
    CAST(:is_ratio AS boolean[]), CAST(:is_amount AS boolean[]), CAST(:parts AS smallint[]),
    CAST(:divides AS boolean[]), CAST(:by_area AS boolean[]), CAST(:denominator_k AS smallint[]),
    CAST(:years AS int[]), CAST(:factor AS float8[]), CAST(:lower_tier AS boolean[]),
    CAST(:upper_tier AS boolean[]), CAST(:finest AS smallint[]), CAST(:own_limit AS float8[]),
    CAST(:denominator_limit AS float8[]), CAST(:version AS bigint[]),
    CAST(:least_denominator AS float8[]), CAST(:zeros_to AS smallint[]),
    CAST(:is_guarded AS boolean[]), CAST(:is_sliced AS boolean[])
)
