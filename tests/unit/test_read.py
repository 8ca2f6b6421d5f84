"""Files of every format become one table; what is broken is refused before any row is read."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from geo_service.core.errors import BadRecipe, UnreadableFile
from ingest.encoding import decode
from ingest.read import Source, read_table
from ingest.recipe_parts import FilePart

HEADER = "จังหวัด,ปี,ขยะ"
LINES = [HEADER, "เชียงใหม่,2567,12", "ลำพูน,2567,3"]
WANTED = ["จังหวัด", "ปี", "ขยะ"]


@pytest.fixture
def read(tmp_path):
    def read(content, name="a.csv", wanted=WANTED, **spec):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(Source.read(path), FilePart(**spec), wanted)

    return read


def rows(table):
    return [(row.number, tuple(row.cells.values())) for row in table.rows]


EXPECTED = [(2, ("เชียงใหม่", "2567", "12")), (3, ("ลำพูน", "2567", "3"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp874", "tis-620"])
def test_every_encoding_in_use_gives_the_same_rows(read, encoding):
    assert rows(read("\r\n".join(LINES).encode(encoding))) == EXPECTED


def test_a_stated_encoding_is_obeyed(read):
    assert rows(read("\n".join(LINES).encode("cp874"), encoding="TIS-620")) == EXPECTED
    with pytest.raises(UnreadableFile, match="throughout"):
        read("\n".join(LINES).encode("cp874"), encoding="utf-8")
    with pytest.raises(UnreadableFile, match="no encoding"):
        read("\n".join(LINES), encoding="thai-8")


@pytest.mark.parametrize(
    "spoiled",
    [
        "\n".join(LINES).encode().decode("latin-1"),
        "\n".join(LINES).encode("cp874").decode("latin-1"),
        "\n".join(LINES).encode().decode("cp874", errors="ignore"),
        "จังหวัด\ufffd\ufffd,ปี,ขยะ\nก,1,2",
    ],
)
def test_thai_spoiled_by_an_earlier_conversion_is_refused(spoiled):
    with pytest.raises(UnreadableFile):
        decode(spoiled.encode())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"), (b" \n\n", "empty"), (HEADER.encode(), "no rows"),
        (b"a,b\n1,\x002\n", "NUL"), ("จังหวัด,ปี,ปี,ขยะ\nก,1,2,3".encode(), "twice"),
        ('จังหวัด,ปี,ขยะ\n"ก,1,2\n'.encode(), "line 2"), (b"\xff\xd8\xff\xe0 jpeg", "encoding"),
        (b"\xd0\xcf\x11\xe0old", "xls"),
    ],
)  # fmt: skip
def test_broken_files_are_refused_with_the_reason(read, content, words):
    with pytest.raises(UnreadableFile, match=words):
        read(content)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        Source.read(tmp_path / "none.csv")


def test_titles_may_stand_above_the_header_and_rows_keep_their_lines(read):
    text = "ตารางที่ 1 ขยะ,,\n(ตัน/วัน),,\n\n" + "\n".join(LINES) + "\n\n"
    assert [row.number for row in read(text).rows] == [5, 6]


def test_a_quoted_line_break_does_not_move_the_line_numbers(read):
    text = f'{HEADER}\n"เชียง\nใหม่",2567,1\nลำพูน,2567,2\n'
    assert [row.number for row in read(text).rows] == [2, 4]


def test_short_and_long_rows_are_told_and_blank_surplus_is_not(read):
    table = read(f"{HEADER}\nก,1\nข,1,2,3\nค,1,2,,\nง,1,2\n")
    assert [row.problem and row.problem.reason for row in table.rows] == [
        "short-row", "long-row", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(read, delimiter):
    assert rows(read("\n".join(LINES).replace(",", delimiter))) == EXPECTED


def test_a_file_without_the_headings_is_refused(read):
    with pytest.raises(BadRecipe, match="None of the headings"):
        read("ก,1,2\nข,3,4\n")


def test_an_unknown_heading_names_the_nearest(read):
    with pytest.raises(BadRecipe, match="จังหวัด"):
        read("\n".join(LINES)).heading("จังหวัดd")


def test_headings_are_the_same_whatever_their_spaces_and_digits(read):
    table = read("จังหวัด, ปี  ๒๕๖๗ ,ขยะ\nก,1,2\n")
    assert table.heading("ปี 2567") == "ปี  ๒๕๖๗"
    assert table.yearly("ปี {year}") == [("ปี  ๒๕๖๗", "2567")]


def workbook(lines, **sheets):
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    for name, state in sheets.items():
        book.create_sheet(name).sheet_state = state
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_workbook_gives_text_and_sheet_rows(read):
    content = workbook([["ขยะรายจังหวัด"], WANTED, ["เชียงใหม่", 2567, 12.0], ["ลำพูน", 2567, None]])
    assert rows(read(content, "a.xlsx")) == [
        (3, ("เชียงใหม่", "2567", "12")), (4, ("ลำพูน", "2567", None)),
    ]  # fmt: skip


def test_a_formula_without_a_result_is_not_read_as_blank(read):
    table = read(workbook([WANTED, ["ก", 2567, "=1+1"]]), "a.xlsx")
    assert table.rows[0].cells["ขยะ"] == "=1+1"


def test_an_unknown_sheet_names_those_there(read):
    with pytest.raises(UnreadableFile, match="Sheet"):
        read(workbook([WANTED, ["ก", 1, 2]]), "a.xlsx", sheet="Shet")


def test_a_zip_that_is_no_workbook_is_refused(read):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.shp", b"x")
    with pytest.raises(UnreadableFile, match="shapefile"):
        read(content.getvalue(), "a.zip")


def test_merged_labels_are_filled_down(read):
    table = read(f"{HEADER}\nก,1,2\n,2,3\nข,1,4\n", fill_down=("จังหวัด",))
    assert [row.cells["จังหวัด"] for row in table.rows] == ["ก", "ก", "ข"]


def test_json_objects_keep_their_lines_and_ragged_members_are_missing(read):
    content = '[\n  {"a": 1, "b": "x"},\n  {"a": 2.50}\n]'
    table = read(content, "a.json", wanted=["a"])
    assert rows(table) == [(2, ("1", "x")), (3, ("2.50", None))]


def test_one_json_object_is_one_row_and_a_path_leads_to_a_list(read):
    assert len(read('{"<18": 5}', "a.json", wanted=["<18"]).rows) == 1
    nested = json.dumps({"result": {"records": [{"a": 1}, {"a": 2}]}})
    assert len(read(nested, "a.json", wanted=["a"], record="result.records").rows) == 2


@pytest.mark.parametrize("content", ["[1, 2]", "[{]", '[{"a": 1, "a": 2}]', "[" * 100_000])
def test_broken_json_is_refused(read, content):
    with pytest.raises(UnreadableFile):
        read(content, "a.json", wanted=["a"])


XML = """<?xml version="1.0" encoding="utf-8"?>
<entity xmlns="http://x/" type="Country" geocode="0">
  <entity type="Changwat" geocode="50" name="เชียงใหม่">
    <population><data total="7" type="municipal"/><data total="9" type="total"/></population>
  </entity>
</entity>"""


def test_xml_paths_reach_children_parents_and_attributes(read):
    paths = [
        "@geocode",
        "population/data[@type='total']/@total",
        "../@type",
        "population/data/@total",
    ]
    table = read(XML, "a.xml", wanted=paths, record="entity")
    assert rows(table)[1] == (3, ("50", "9", "Country", "7 | 9"))


def test_an_xml_record_that_is_not_there_names_those_that_are(read):
    with pytest.raises(BadRecipe, match="entity"):
        read(XML, "a.xml", wanted=["@a"], record="row")


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "<a><b></a>",
        "<a>" * 200 + "</a>" * 200,
    ],
)
def test_dangerous_and_broken_xml_is_refused(read, content):
    with pytest.raises(UnreadableFile):
        read(content, "a.xml", wanted=["@x"], record="a")


def test_a_source_knows_its_fingerprint(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    assert Source.read(path).sha256.startswith("ba7816bf8f01cfea")  # FIPS 180-2, appendix B.1


def _grown(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"3,4\n")


def _replaced(path: Path) -> None:
    other = path.with_name("other.csv")
    other.write_bytes(b"a,b\n9,9\n")
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [_grown, _replaced, lambda path: path.write_bytes(b"a,b\n"), lambda path: path.unlink()],
    ids=["grown", "replaced", "cut", "gone"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path, whole = tmp_path / "a.csv", Path.read_bytes
    path.write_bytes(b"a,b\n1,2\n")

    def reading(self):
        data = whole(self)
        monkeypatch.setattr(Path, "read_bytes", whole)
        change(self)
        return data

    monkeypatch.setattr(Path, "read_bytes", reading)
    with pytest.raises(UnreadableFile):
        Source.read(path)
