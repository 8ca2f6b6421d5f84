"""Formulas are read as arithmetic and nothing else, and their units must fit."""

from __future__ import annotations

import ast
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.analysis.formula import (
    FormulaError,
    evaluate,
    keys_of,
    parse,
    shape_of,
    unit_of,
)
from layers.analysis.units import parse_unit

CATALOGUE = Path(__file__).parents[2] / "layers" / "catalogue"

numbers = st.integers(1, 99).map(str)
keys = st.sampled_from(["alpha", "beta", "gamma"])
formulas = st.recursive(
    numbers | keys,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
).filter(lambda text: any(key in text for key in ("alpha", "beta", "gamma")))


@given(formulas)
def test_a_formula_has_the_value_that_python_gives_it(text):
    values = {"alpha": 7.0, "beta": 0.5, "gamma": -3.0}
    try:
        expected = eval(compile(ast.parse(text, mode="eval"), "formula", "eval"), {}, values)  # noqa: S307  (our own words)
    except ZeroDivisionError:
        expected = math.nan
    found = evaluate(parse(text), {key: np.array([value]) for key, value in values.items()})
    assert np.asarray(found).ravel()[0] == pytest.approx(expected, rel=1e-9, nan_ok=True)


@given(formulas)
def test_one_sum_over_another_has_the_value_of_the_formula(text):
    values = {"alpha": 7.0, "beta": 0.5, "gamma": -3.0}
    shape = shape_of(parse(text))
    if shape is None:
        return
    above = sum(values[key] * number for key, number in shape.above.items())
    below = sum(values[key] * number for key, number in shape.below.items())
    found = evaluate(parse(text), {key: np.array([value]) for key, value in values.items()})
    if not shape.below:
        assert np.asarray(found).ravel()[0] == pytest.approx(above + shape.constant, nan_ok=True)
    elif below:
        assert np.asarray(found).ravel()[0] == pytest.approx(
            (above + shape.constant) / below, rel=1e-6, abs=1e-9
        )


def test_the_rest_of_a_share_is_one_sum_over_another():
    shape = shape_of(parse("100 - 100 * waste_improper_tpd / waste_gen_tpd"))
    assert shape is not None
    assert shape.above == {"waste_improper_tpd": -100, "waste_gen_tpd": 100}
    assert shape.below == {"waste_gen_tpd": 1}


def test_a_product_of_indicators_cannot_be_added_up():
    assert shape_of(parse("pop_total * waste_gen_rate / 1000")) is None
    assert shape_of(parse("alpha / beta + alpha / gamma")) is None


@pytest.mark.parametrize(
    ("text", "reason", "at"),
    [
        ("", "unexpected", 0),
        ("12", "no-key", 0),
        ("alpha +", "unexpected", 7),
        ("alpha beta", "unexpected", 6),
        ("(alpha", "unexpected", 6),
        ("alpha)", "unexpected", 5),
        ("__import__('os')", "unexpected", 0),
        ("alpha.real", "unexpected", 5),
        ("alpha ** 2", "unexpected", 7),
        ("alpha; drop", "unexpected", 5),
        ("(" * 31 + "alpha" + ")" * 31, "too-deep", None),
        ("-" * 400 + "alpha", "too-deep", None),
        ("alpha + " * 100 + "beta", "too-long", 0),
    ],
)
def test_what_is_no_formula_is_refused_where_it_goes_wrong(text, reason, at):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert caught.value.reason == reason
    if at is not None:
        assert caught.value.at == at


def test_division_by_zero_and_missing_parts_give_no_value():
    parts = {"alpha": np.array([1.0, np.nan, 4.0]), "beta": np.array([0.0, 2.0, 2.0])}
    assert np.array_equal(
        evaluate(parse("alpha / beta"), parts), [np.nan, np.nan, 2.0], equal_nan=True
    )


def test_tonnes_are_not_added_to_persons():
    units = {"waste": parse_unit("tonnes per day"), "people": parse_unit("persons")}
    with pytest.raises(FormulaError) as caught:
        unit_of(parse("waste + people"), units)
    assert caught.value.reason == "units-differ"


def test_kilograms_are_not_added_to_tonnes():
    units = {"heavy": parse_unit("tonnes"), "light": parse_unit("kg")}
    with pytest.raises(FormulaError):
        unit_of(parse("heavy + light"), units)


def shipped() -> dict[str, dict]:
    found = {}
    for path in CATALOGUE.glob("*.toml"):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        found |= {key: said for key, said in document.items() if "unit" in said}
    return found


@pytest.mark.parametrize(
    "key",
    [
        key
        for key, said in shipped().items()
        if said.get("space") == "RATIO" and said.get("numerator") and said.get("denominator")
    ],
)
def test_the_shipped_ratios_have_the_unit_they_state(key):
    catalogue = shipped()
    said = catalogue[key]
    text = f"({' + '.join(said['numerator'])}) / {said['denominator']}"
    units = {
        part: parse_unit(catalogue[part]["unit"][1])
        for part in keys_of(parse(text))
        if part[0] != "@"
    }
    units["@area_km2"] = parse_unit("km²")
    found, stated = unit_of(parse(text), units), parse_unit(said["unit"][1])
    assert found.dimension == stated.dimension
    # 1000 turns tonnes into kilograms, 100 a share into per cent.
    assert found.scale / stated.scale == pytest.approx(said.get("factor", 1))
