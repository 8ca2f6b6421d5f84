"""CQL2 read and compiled without a database: trees, conditions, refusals, limits."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import column
from sqlalchemy.dialects import postgresql

from geo_service.core.crs import CRS84, SERVED_CRS
from geo_service.core.errors import BadParameter
from layers.cql2 import compile_filter, read_filter
from layers.cql2.functions import FUNCTIONS
from layers.cql2.time import RELATIONS
from layers.cql2.tree import MAX_BRACKETS, MAX_DEPTH, MAX_NODES

PROPERTIES = {
    "name": ("string", column("name")),
    "ชื่อ": ("string", column("thai")),
    "n": ("integer", column("n")),
    "size": ("number", column("size")),
    "open": ("boolean", column("open")),
    "day": ("date", column("day")),
    "start": ("datetime", column("start")),
    "end": ("datetime", column("end")),
    "flags": ("list", column("flags")),
}
LAT_FIRST = next(crs for crs in SERVED_CRS if crs.lat_first)


def sql(text, language="cql2-text", crs=CRS84):
    made = compile_filter(read_filter(text, language, crs), PROPERTIES, column("geom"))
    return made.compile(dialect=postgresql.dialect())


def tree(text, language="cql2-text", crs=CRS84):
    return read_filter(text, language, crs).tree


PAIRS = [
    ("name = 'O''Brien'", {"op": "=", "args": [{"property": "name"}, "O'Brien"]}),
    ("name='it\\'s'", {"op": "=", "args": [{"property": "name"}, "it's"]}),
    ('"day" = DATE(\'2024-02-29\')', {
        "op": "=", "args": [{"property": "day"}, {"date": "2024-02-29"}]}),
    ("n <> -3", {"op": "<>", "args": [{"property": "n"}, -3]}),
    ("ชื่อ = 'เชียงใหม่'", {"op": "=", "args": [{"property": "ชื่อ"}, "เชียงใหม่"]}),
    ("n NOT IN (1, 2)", {"op": "not", "args": [{"op": "in", "args": [{"property": "n"}, [1, 2]]}]}),
    ("n is not null", {"op": "not", "args": [{"op": "isNull", "args": [{"property": "n"}]}]}),
    ("n between 1 and 2 and open = true", {"op": "and", "args": [
        {"op": "between", "args": [{"property": "n"}, 1, 2]},
        {"op": "=", "args": [{"property": "open"}, True]}]}),
    ("CASEI(name) LIKE casei('b%')", {"op": "like", "args": [
        {"op": "casei", "args": [{"property": "name"}]}, {"op": "casei", "args": ["b%"]}]}),
    ("n = 1 + 2 * 3 ^ 2", {"op": "=", "args": [{"property": "n"}, {"op": "+", "args": [1, {
        "op": "*", "args": [2, {"op": "^", "args": [3, 2]}]}]}]}),
    ("n = 7 div 2 % 2", {"op": "=", "args": [{"property": "n"}, {"op": "%", "args": [
        {"op": "div", "args": [7, 2]}, 2]}]}),
    ("t_during(interval(start, '..'), interval('2020-01-01','2020-12-31T00:00:00Z'))", {
        "op": "t_during", "args": [{"interval": [{"property": "start"}, ".."]},
                                   {"interval": ["2020-01-01", "2020-12-31T00:00:00Z"]}]}),
    ("A_CONTAINS(flags, ('a','b'))", {
        "op": "a_contains", "args": [{"property": "flags"}, ["a", "b"]]}),
    ("S_INTERSECTS(geom, BBOX(99,12,101,14))", {
        "op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [99, 12, 101, 14]}]}),
    ("S_WITHIN(geom, POLYGON((0 0,1 0,1 1,0 0)))", {"op": "s_within", "args": [
        {"property": "geom"},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}]}),
    ("S_EQUALS(geom, POINT Z (1 2 3))", {"op": "s_equals", "args": [
        {"property": "geom"}, {"type": "Point", "coordinates": [1, 2, 3]}]}),
    ("S_DISJOINT(geom, MULTIPOINT((1 2), (3 4)))", {"op": "s_disjoint", "args": [
        {"property": "geom"}, {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}]}),
    ("S_CROSSES(geom, MULTILINESTRING((0 0,1 1),(2 2,3 3)))", {"op": "s_crosses", "args": [
        {"property": "geom"},
        {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]}]}),
    ("S_INTERSECTS(geom, GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0,1 1)))", {
        "op": "s_intersects", "args": [{"property": "geom"}, {
            "type": "GeometryCollection", "geometries": [
                {"type": "Point", "coordinates": [1, 2]},
                {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}]}]}),
    ("NOT (n = 1 OR n = 2) AND starts_with(name, 'x')", {"op": "and", "args": [
        {"op": "not", "args": [{"op": "or", "args": [
            {"op": "=", "args": [{"property": "n"}, 1]},
            {"op": "=", "args": [{"property": "n"}, 2]}]}]},
        {"op": "starts_with", "args": [{"property": "name"}, "x"]}]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "document"), PAIRS, ids=[text for text, _ in PAIRS])
def test_text_and_json_are_read_to_the_same_tree_and_compile(text, document):
    told = json.dumps(document)
    assert tree(text) == tree(told, "cql2-json")
    assert str(sql(text)) == str(sql(told, "cql2-json"))


def test_no_word_of_a_filter_becomes_sql():
    made = sql("name = 'x''; DROP TABLE area; --' AND n > 12345 AND starts_with(name, 'pg_sleep')")
    assert "DROP" not in str(made)
    assert "12345" not in str(made)
    assert "pg_sleep" not in str(made)
    assert "x'; DROP TABLE area; --" in made.params.values()


def test_and_binds_tighter_than_or_and_not_tighter_than_both():
    assert tree("NOT n = 1 AND n = 2 OR n = 3") == tree("((NOT (n = 1)) AND n = 2) OR n = 3")


def test_arithmetic_binds_as_in_school():
    assert tree("n = 1 - 2 - 3") == tree("n = (1 - 2) - 3")
    assert tree("n = 1 + 2 * 3") == tree("n = 1 + (2 * 3)")
    assert tree("n = 2 * 3 ^ 2") == tree("n = 2 * (3 ^ 2)")
    assert tree("n = -2") == tree("n = (-2)")


def test_a_long_chain_is_not_a_deep_one():
    assert sql(" AND ".join(["n = 1"] * (MAX_NODES // 4)))


def test_times_are_read_in_utc():
    assert tree("start = TIMESTAMP('2022-04-16T10:13:19.5Z')").args[1].value == datetime(
        2022, 4, 16, 10, 13, 19, 500_000, tzinfo=UTC
    )
    assert tree("day = DATE('2022-04-16')").args[1].value == date(2022, 4, 16)


def test_texts_are_ordered_by_code_point_and_equality_keeps_the_index():
    assert 'COLLATE "C"' in str(sql("name < 'B'"))
    assert "COLLATE" not in str(sql("name = 'B'"))


def test_latitude_first_is_turned_round():
    swapped = tree("S_INTERSECTS(geom, POINT(13.7 100.5))", crs=LAT_FIRST)
    assert swapped == tree("S_INTERSECTS(geom, POINT(100.5 13.7))")


@pytest.mark.parametrize("op", sorted(RELATIONS))
def test_every_temporal_operator_compiles_for_days_instants_and_both(op):
    for left in ("day", "start", "interval(start, end)", "interval('..', day)"):
        for right in ("DATE('2022-04-16')", "interval('2022-01-01T00:00:00Z', '..')"):
            assert sql(f"{op}({left}, {right})")


@pytest.mark.parametrize("op", ["a_equals", "a_contains", "a_containedBy", "a_overlaps"])
def test_every_array_operator_compiles(op):
    assert sql(f"{op}(flags, ('a', name, 3))")
    assert sql(f"{op}((), flags)")
    assert sql(f"{op}(flags, ('a'))")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_compiles_with_what_it_takes(name):
    known = FUNCTIONS[name]
    words = {"string": "name", "number": "size", "date": "day"}
    call = f"{name}({', '.join(words[types[0]] for types in known.takes)})"
    assert sql(call if known.gives == "boolean" else f"{call} IS NOT NULL")


BAD = [
    "", "   ", "name", "name =", "= 1", "(n = 1", "n = 1)", "n = 1 n = 2", "n == 1", "name = 'x",
    "nope = 1", "n = 'x'", "name = 1", "day = '2024-01-01'", "n LIKE 'x'",
    "open > DATE('2024-01-01')",
    "n", "1", "'x'", "n + 1", "NOT n", "n = 1 AND name", "n IN ()", "n IN 1", "n BETWEEN 1",
    "n IS 1",
    "pg_sleep(10) = 1", "pg_read_file('/etc/passwd') = 'x'", "set_config('a','b',true) = 'x'",
    "current_user = 'x'", "name; DROP TABLE area", "n = 1 -- x", "n = 1e999", "n = $1", "n = NULL",
    "DATE('2024-13-01') = day", "day = DATE('2567')", "day = DATE(day)", "day = DATE('0000-01-01')",
    "start = TIMESTAMP('2024-01-01')", "start = TIMESTAMP('2024-01-01T25:00:00Z')",
    "t_after(day, 'x')", "t_after(day)", "t_after(n, n)", "interval('..','..')", "day = '..'",
    "s_intersects(geom, POINT(90 180))", "s_intersects(geom, POINT(181 0))", "s_intersects(geom)",
    "s_intersects(geom, POINT(1))", "s_intersects(geom, POINT(a b))", "s_intersects(geom, name)",
    "s_intersects(geom, LINESTRING(0 0))", "s_intersects(geom, POLYGON((0 0,1 1,0 1,0 0,5 5)))",
    "s_intersects(geom, POLYGON((0 0,1 1,0 1,1 0,0 0)))",
    "s_intersects(geom, POLYGON((0 0,1 1,0 1)))",
    "s_intersects(geom, BBOX(0,10,10,0))", "s_intersects(geom, BBOX(0,0,10))",
    "s_intersects(geom, BBOX(0,0,1e999,1))", "s_within(geom, GEOMETRYCOLLECTION(POINT(1 1)))",
    "s_intersects(geom, GEOMETRYCOLLECTION())", "s_buffer(geom, 1) = 1", "geom = geom",
    "a_contains(name, (geom))", "flags = 'a'", "lower(n) = 'x'",
    "lower(name, name) = 'x'", "casei() = 'x'", "n + name = 1", "n ^ 2", "between(n, 1, 2) = 1",
    "constructor = 1", "__proto__ = 1", "__class__ = 1", "n NOT 1", "n = 1 OR", "AND", "or = 1",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_makes_no_sense_is_refused_and_named(text):
    with pytest.raises(BadParameter) as told:
        sql(text)
    assert told.value.extra["parameter"] == "filter"


BAD_JSON = [
    "{", "[]", "null", "1", '"x"', "{}", '{"op":"="}', '{"op":"=","args":[1]}',
    '{"op":1,"args":[]}',
    '{"op":"=","args":{"a":1}}', '{"op":"and","args":[]}', '{"op":"not","args":[]}',
    '{"op":"=","args":[{"property":1},1]}', '{"op":"=","args":[{"property":"n"},null]}',
    '{"op":"=","args":[{"property":"n"},NaN]}', '{"op":"=","args":[{"property":"n","x":1},1]}',
    '{"op":"=","args":[{"property":"name"},"\\u0000"]}', '{"op":"pg_sleep","args":[10]}',
    '{"op":"=","args":[{"property":"name"},"\\ud800"]}', '{"op":"in","args":[{"property":"n"},[]]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":[90,180]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":"x"}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":["Point"],"coordinates":[1,1]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":[true,1]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Circle","coordinates":[1,1]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"GeometryCollection","geometries":[1]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"bbox":[1,2,"x",4]}]}',
    '{"op":"t_after","args":[{"property":"day"},{"interval":["x",".."]}]}',
    '{"op":"t_after","args":[{"property":"day"},{"interval":[".."]}]}',
    '{"op":"t_after","args":[{"property":"day"},{"date":20240101}]}',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_JSON)
def test_json_that_makes_no_sense_is_refused(text):
    with pytest.raises(BadParameter):
        sql(text, "cql2-json")


BOMBS = {
    "brackets": "(" * 5000 + "n = 1" + ")" * 5000,
    "nots": "NOT " * 2500 + "n = 1",
    "minus": "n = " + "- " * 3000 + "1",
    "ands": " AND ".join(["n=1"] * 1300),
    "sums": "n = " + "+".join(["1"] * 3000),
    "powers": "n = " + "^".join(["2"] * 3000),
    "calls": "casei(" * 1000 + "name" + ")" * 1000 + " = 'x'",
    "choices": f"n IN ({','.join(['1'] * 3000)})",
    "quotes": "name = " + "'\\" * 4000,
    "open quotes": "name = '" + "\\'" * 5000,
    "rings": "s_intersects(geom, POLYGON(" + "(" * 3000,
    "collections": "s_intersects(geom, " + "GEOMETRYCOLLECTION(" * 500,
    "shapes": " OR ".join(["s_intersects(geom, POINT(1 1))"] * 60),
    "long": "n = 1 " + " " * 20_000,
    "blanks": " " * 11_999 + "$",
    "digits": "n = " + "9" * 10_000,
    "exponent": "n = 1e" + "9" * 5000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_at_once(bomb):
    started = time.process_time()
    with pytest.raises(BadParameter):
        sql(bomb)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "bomb",
    [
        '{"op":"not","args":[' * 500 + "true" + "]}" * 500,
        "[" * 11_000,
        '{"a":' * 2000,
        '{"op":"and","args":[' + ",".join(["true"] * 2000) + "]}",
        '"' + "\\" * 11_000,
        '{"op":"=","args":[1,' + "9" * 5000 + "]}",
    ],
)
def test_a_bomb_in_json_is_refused_at_once(bomb):
    started = time.process_time()
    with pytest.raises(BadParameter):
        sql(bomb, "cql2-json")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("opening", "core", "closing", "tail"),
    [
        ("NOT (", "n = 1", ")", ""),
        ("n = 1 AND (", "n = 2", ")", ""),
        ("accenti(", "name", ")", " = 'x'"),
        ("casei(", "name", ")", " = 'x'"),
        ("(1 + ", "size", ")", " = 1"),
        ("(5 % ", "size", ")", " = 1"),
        ("(n = 1) = (", "open", ")", ""),
    ],
)
def test_the_deepest_filter_taken_still_compiles(opening, core, closing, tail):
    taken = 0
    for levels in range(1, MAX_BRACKETS + 2):
        try:
            asked = read_filter(opening * levels + core + closing * levels + tail, "cql2-text")
        except BadParameter:
            break
        taken = levels
        assert compile_filter(asked, PROPERTIES, column("geom")).compile(
            dialect=postgresql.dialect()
        )
    assert taken >= MAX_DEPTH // 2
