"""Filters without their values: one statement for many, and the same statement as with them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import column, select
from sqlalchemy.dialects import postgresql

from geo_service.core.crs import CRS84, SERVED_CRS
from geo_service.core.errors import BadParameter
from geo_service.core.known import Knowing, Known, NotKnown
from geo_service.core.text import Text
from layers.collection import Collection
from layers.cql2 import compile_filter, read_filter
from layers.cql2.bound import take_values
from layers.cql2.tree import Bound, Call, Filter, Group, Literal, Name
from layers.forms import direct_of, form_of, written
from layers.questions import Question

PROPERTIES = {
    "name": ("string", column("name")),
    "n": ("integer", column("n")),
    "size": ("number", column("size")),
    "open": ("boolean", column("open")),
    "day": ("date", column("day")),
    "start": ("datetime", column("start")),
    "flags": ("list", column("flags")),
}
METRES = next(crs for crs in SERVED_CRS if crs.srid == 32647)
COMPARED = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=9)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
REAL = st.floats(allow_nan=False, allow_infinity=False)
DAYS = st.dates(date(1, 1, 2), date(9999, 12, 30))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
VALUES = {
    "name": TEXTS, "n": WHOLE | REAL, "size": REAL | WHOLE, "open": st.booleans(), "day": DAYS,
    "start": MOMENTS,
}  # fmt: skip


@st.composite
def leaves(draw):
    name = draw(st.sampled_from(sorted(VALUES)))
    own, node = VALUES[name], Name(name)
    one, other = Literal(draw(own)), Literal(draw(own))
    several = Group(tuple(map(Literal, draw(st.lists(own, min_size=2, max_size=2)))))
    found = [
        Call(draw(COMPARED), (node, one)), Call("between", (node, one, other)),
        Call("in", (node, several)), Call("isnull", (node,)), Call(draw(COMPARED), (other, node)),
        Call("a_contains", (Name("flags"), Group((Literal(draw(TEXTS)), Literal(draw(WHOLE)))))),
    ]  # fmt: skip
    if name == "name":
        found.append(Call("like", (Call("casei", (node,)), Call("casei", (one,)))))
        found.append(Call("starts_with", (node, one)))
    if name in {"day", "start"}:
        found.append(Call("t_during", (node, Call("interval", (one, other)))))
        found.append(
            Call(
                "t_overlaps",
                (Call("interval", (node, other)), Call("interval", (one, Literal(draw(DAYS))))),
            )
        )
    if name in {"n", "size"}:
        sign = draw(st.sampled_from(["+", "-", "*", "/", "%", "div", "^"]))
        found.append(Call("<", (Call(sign, (node, one)), other)))
    return draw(st.sampled_from(found))


FILTERS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda one: Call("not", (one,)), inner),
        st.builds(lambda op, some: Call(op, tuple(some)), st.sampled_from(["and", "or"]),
                  st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=8,
)  # fmt: skip


def condition(asked):
    return select(compile_filter(asked, PROPERTIES, column("geom")))


def driven(asked, values=None):
    """The statement as the driver of the short way gets it."""
    made = written(condition(asked), values or {})
    return made.with_(values or {})


def structure(text, crs=CRS84):
    return take_values(read_filter(text, "cql2-text", crs), "filter_")


@settings(max_examples=150, deadline=None)
@given(FILTERS)
def test_the_statement_and_its_values_are_those_of_the_filter_itself(tree):
    asked = Filter(tree)
    taken = take_values(asked, "filter_")
    with_values, without = driven(asked), driven(taken.structure, taken.values)
    assert without.sql == with_values.sql
    assert list(without.values) == list(with_values.values)
    # The other driver is given names instead of places, and the same values.
    own = condition(taken.structure).compile(dialect=postgresql.dialect())
    assert set(taken.values) <= set(own.params)


@settings(max_examples=60, deadline=None)
@given(FILTERS, FILTERS)
def test_equal_structures_are_one_statement(one, other):
    first, second = (take_values(Filter(tree), "filter_") for tree in (one, other))
    assert hash(first.structure) == hash(take_values(Filter(one), "filter_").structure)
    if first.structure == second.structure:
        assert driven(first.structure, first.values).sql == driven(Filter(other)).sql


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("n > 5000", "n > 7000"),
        ("name = 'a'", "name = 'น้ำ''ใส'"),
        ("name LIKE 'a%'", "name LIKE '%_x'"),
        ("open = true", "open = false"),
        ("n IN (1, 2, 3)", "n IN (7, 8, 9, 10)"),
        ("day > DATE('2020-01-01')", "day > DATE('1999-12-31')"),
        ("t_after(start, INTERVAL('2020-01-01', '..'))",
         "t_after(start, INTERVAL('2021-05-05', '..'))"),
        ("S_INTERSECTS(geom, POINT(100 14))", "S_INTERSECTS(geom, POLYGON((0 0,1 0,1 1,0 0)))"),
        ("S_INTERSECTS(geom, BBOX(99,12,101,14))", "S_INTERSECTS(geom, BBOX(0,0,1,1))"),
        ("a_contains(flags, ('x', 'y'))", "a_contains(flags, ('z', ''))"),
    ],
)  # fmt: skip
def test_new_values_are_the_same_structure(one, other):
    assert structure(one).structure == structure(other).structure
    assert structure(one).values != structure(other).values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("n = 1", "n = 1.0"),
        ("n = 1", "n = true"),
        ("n = 0", "open = false"),
        ("day = DATE('2020-01-01')", "day = TIMESTAMP('2020-01-01T00:00:00Z')"),
        ("n > 1", "n < 1"),
        ("n IN (1, 2)", "n IN (1, 2, 3)"),
        ("n IN (1, 2)", "n IN (1, 2.0)"),
        ("a_contains(flags, ('x'))", "a_contains(flags, ('x', 'x'))"),
        ("t_after(start, INTERVAL('2020-01-01', '..'))",
         "t_after(start, INTERVAL('..', '2020-01-01'))"),
        ("S_INTERSECTS(geom, BBOX(1,1,2,2))", "S_INTERSECTS(geom, POLYGON((1 1,2 1,2 2,1 1)))"),
        ("S_INTERSECTS(geom, POINT(1 1))", "S_INTERSECTS(geom, GEOMETRYCOLLECTION(POINT(1 1)))"),
    ],
)  # fmt: skip
def test_what_changes_the_meaning_is_another_structure(one, other):
    assert structure(one).structure != structure(other).structure


def test_types_are_refused_whatever_was_kept_before():
    compile_filter(structure("open = true").structure, PROPERTIES, column("geom"))
    with pytest.raises(BadParameter):
        compile_filter(structure("open = 1").structure, PROPERTIES, column("geom"))


def test_lists_grow_by_powers_of_two_and_choose_the_same():
    taken = structure("n IN (1, 2, 3, 4, 5)")
    items = taken.structure.tree.args[1].items
    assert [type(one) for one in items] == [Bound] * 8
    assert list(taken.values.values()) == [1, 2, 3, 4, 5, 5, 5, 5]
    seen = {structure(f"n IN ({','.join(map(str, range(most)))})").structure
            for most in range(1, 200)}  # fmt: skip
    assert len(seen) == 9


def test_a_box_in_metres_brings_how_finely_its_sides_are_followed():
    text = "S_INTERSECTS(geom, BBOX(500000,1500000,{},1600000))"
    one, other = (structure(text.format(east), METRES) for east in (600000, 700000))
    assert one.structure == other.structure
    for text_of, taken in ((600000, one), (700000, other)):
        asked = read_filter(text.format(text_of), "cql2-text", METRES)
        # The same statement, whatever order its values are named in.
        assert driven(asked).sql == driven(taken.structure, taken.values).sql
        assert driven(asked).values == driven(taken.structure, taken.values).values


def test_large_filters_are_not_kept_and_hold_nobody_up():
    collection = Collection("things", Text("", ""), Text("", ""), "feature", "Point", (), ())
    small, large = (
        form_of(Question(collection, filter=read_filter(text, "cql2-text")))
        for text in ("n = 1", " OR ".join(f"n = {at}" for at in range(60)))
    )
    assert not small.is_large
    assert large.is_large
    with pytest.raises(NotKnown):
        direct_of(Knowing(Known({})), large, "page", lambda _: pytest.fail("it was described"))
