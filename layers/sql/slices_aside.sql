-- Put what was prepared of breakdowns aside, for the totals are prepared in the same tables.
DROP TABLE IF EXISTS slice_rule_aside, slice_raw_aside, slice_said_aside, slice_limit_aside,
    slice_part_aside, slice_numerator_aside;
CREATE TEMP TABLE slice_rule_aside ON COMMIT DROP AS TABLE value_rule;
CREATE TEMP TABLE slice_raw_aside ON COMMIT DROP AS TABLE value_raw;
CREATE TEMP TABLE slice_said_aside ON COMMIT DROP AS TABLE value_said;
CREATE TEMP TABLE slice_limit_aside ON COMMIT DROP AS TABLE value_limit;
CREATE TEMP TABLE slice_part_aside ON COMMIT DROP AS TABLE value_part;
CREATE TEMP TABLE slice_numerator_aside ON COMMIT DROP AS TABLE value_numerator;
