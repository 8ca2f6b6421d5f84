-- Lay breakdowns beside their totals, with numbers of their own.
UPDATE slice_rule_aside SET k = k + :offset, is_sliced = true;
INSERT INTO value_rule SELECT * FROM slice_rule_aside;
UPDATE slice_raw_aside SET k = k + :offset;
INSERT INTO value_raw SELECT * FROM slice_raw_aside;
UPDATE slice_said_aside SET k = k + :offset;
INSERT INTO value_said SELECT * FROM slice_said_aside;
INSERT INTO value_limit SELECT k + :offset, part_k + :offset, below FROM slice_limit_aside;
INSERT INTO value_part SELECT k + :offset, part_k + :offset, is_below FROM slice_part_aside;
INSERT INTO value_numerator
SELECT k + :offset, part_k + :offset, coefficient FROM slice_numerator_aside;
