"""Tables with odd rows, encodings and values (I-4, I-5, I-16)."""

from __future__ import annotations

import pytest

from tests.desk import GOOD, HEADER, OWN
from tests.odd_files import tried


def test_short_and_long_rows_are_refused_by_their_lines_and_the_others_taken(desk):
    fine = "".join(f"{OWN},{year},5\n" for year in range(2564, 2569))
    content = HEADER + f"{OWN},2561,30\n{OWN},2562\n{OWN},2563,4,5,6\n" + fine
    report = tried(desk, content)["report"]
    assert report["outcome"] == "loaded-with-rejects"
    assert [(one["row"], one["reason"]) for one in report["rejected"]] == [
        (3, "short-row"), (4, "long-row"),
    ]  # fmt: skip
    assert report["stored"]["inserted"] == 6


def test_a_file_cut_inside_a_quoted_cell_is_refused(desk):
    one = tried(desk, HEADER + f'{OWN},2561,30\n6500103,อปท.,"อบต.ท่า')
    assert (one["report"]["outcome"], one["report"]["stored"]["inserted"]) == ("refused", 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "tis-620", "cp874"])
def test_every_encoding_in_use_gives_the_same_rows(desk, encoding):
    report = tried(desk, GOOD.encode(encoding))["report"]
    assert (report["outcome"], report["stored"]["inserted"]) == ("loaded", 2)


def test_thai_spoiled_by_an_earlier_conversion_is_refused(desk):
    spoiled = GOOD.encode("tis-620").decode("latin-1").encode("utf-8")
    assert tried(desk, spoiled)["report"]["outcome"] == "refused"


def test_rows_that_contradict_each_other_are_told_and_none_is_taken(desk):
    fine = "".join(f"{OWN},{year},5\n" for year in range(2562, 2567))
    report = tried(desk, HEADER + f"{OWN},2561,30\n{OWN},2561,31\n" + fine)["report"]
    told = [one for one in report["rejected"] if one["reason"] == "conflicting-rows"]
    assert {one["row"] for one in told} == {2, 3}
    assert report["stored"]["inserted"] == 5
