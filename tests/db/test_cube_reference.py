"""The cube agrees with slow arithmetic straight over the observations, whatever is asked.

The reference knows three rules in plain words: an amount is the sum of what was reported inside
a place; a ratio is the sum of numerators over the sum of denominators of the places where both
are known; a group has what its members have together. Everything else (levels, totals that stand
for whole places, filters, slices, periods) must come out of them.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_service.core.errors import BadParameter
from layers import cube, place_values, versions
from layers.cql2 import read_filter
from layers.cube.query import Asked
from layers.models import Indicator, Observation
from tests import builders

YEARS = ("2023", "2024")
SEXES = ("f", "m")
#: key -> space rule, time rule; the ratio is 100 aa / bb
INDICATORS = {
    "aa": ("SUM", "LAST"), "bb": ("SUM", "MEAN_DAYS"), "cc": ("SUM", "SUM"),
    "dd": ("COUNT", "LAST"), "ee": ("NONE", "LAST"), "rr": ("RATIO", "RATIO"),
}  # fmt: skip
DAYS = {"2023": 365, "2024": 366}
REGION_OF = {"50": builders.REGION, "51": builders.REGION}
AXES = ("region", "province", "district", "subdistrict", "year", "sex")


def within(code, level):
    return {
        "country": "TH", "region": REGION_OF[code[:2]], "province": code[:2],
        "district": code[:4], "subdistrict": code,
    }[level]  # fmt: skip


@pytest.fixture
def known(session, small_country):
    """Random observations by sub-district: key, year, sex (or none), code -> value."""
    rng = random.Random(11)
    for key, (space, time) in INDICATORS.items():
        parts = (
            {"factor": 100, "numerator_keys": ["aa"], "denominator_key": "bb"}
            if key == "rr"
            else {}
        )
        add_indicator(session, key, space_agg=space, time_agg=time, **parts)
    told = {}
    for key in ("aa", "bb", "cc", "dd", "ee"):
        for year in YEARS:
            for code in builders.SUBDISTRICTS:
                for sex in (None, *SEXES):
                    if rng.random() < 0.15 or (key == "ee" and sex):
                        continue
                    # The parts of a ratio are known of the same places.
                    if key == "bb" and told.get(("aa", year, sex, code)) is None:
                        continue
                    told[key, year, sex, code] = value = rng.choice(
                        (None, 0.0, rng.randint(1, 999), rng.randint(1, 9999) / 100)
                    )
                    observe(session, small_country, key, year=year, sex=sex, code=code, value=value)
    session.flush()
    versions.bump(session, ["catalogue"])
    place_values.rebuild(session, list(INDICATORS))
    return told


def add_indicator(session, key, **rest):
    names = dict.fromkeys(("name_th", "name_en", "unit_th", "unit_en"), key)
    session.add(Indicator(key=key, theme="population", **names, **rest))
    session.flush()


def observe(session, country, key, *, year, sex, code, value):
    session.add(
        Observation(
            indicator_key=key, area_id=country.areas[code], period_key=year, value=value,
            status=builders.status_of(value), breakdown={"sex": sex} if sex else {},
            dataset_id="test-population", version_id=country.version_id,
        )
    )  # fmt: skip


def exact(values):
    return float(sum((Decimal(f"{value:.15g}") for value in values), Decimal(0)))


def amount(known, key, year, *, who, codes):
    """One number for one year, from observations alone."""
    found = [known.get((key, year, sex, code)) for sex in who for code in codes]
    found = [value for value in found if value is not None]
    return exact(found) if found else None


def value_of(known, key, years, *, who, codes):
    """What a cell must be: over places, then breakdowns, then time."""
    space, time = INDICATORS[key]
    if space == "NONE":
        return one_of_none(known, key, years, who=who, codes=codes)
    if space == "RATIO":
        return ratio(known, years, who, codes)
    found = {year: amount(known, key, year, who=who, codes=codes) for year in years}
    told = {year: value for year, value in found.items() if value is not None}
    if not told:
        return None
    if time == "LAST" or len(told) == 1:
        return told[max(told)]
    if time == "SUM":
        return exact(told.values())
    return exact(value * DAYS[year] for year, value in told.items()) / sum(DAYS[y] for y in told)


def one_of_none(known, key, years, *, who, codes):
    """What is never added up is known of single places only."""
    if len(codes) != 1:
        return None
    told = [known.get((key, year, sex, codes[0])) for year in years for sex in who]
    told = [value for value in told if value is not None]
    return told[-1] if told else None


def ratio(known, years, who, codes):
    """100 a / b of the places where both are known; over years, of daily means."""
    pairs = []
    for year in years:
        both = [
            (known.get(("aa", year, sex, code)), known.get(("bb", year, sex, code)))
            for sex in who
            for code in codes
        ]
        both = [pair for pair in both if None not in pair and pair[1] > 0]
        if both:
            pairs.append((year, exact(a for a, _ in both), exact(b for _, b in both)))
    if not pairs:
        return None
    if len(pairs) == 1:
        return 100 * pairs[0][1] / pairs[0][2]
    days = sum(DAYS[year] for year, _, _ in pairs)
    above = exact(a * DAYS[year] for year, a, _ in pairs) / days
    below = exact(b * DAYS[year] for year, _, b in pairs) / days
    return 100 * above / below


@st.composite
def questions(draw):
    axes = draw(st.lists(st.sampled_from(AXES), unique=True, max_size=4))
    cut = draw(st.integers(0, len(axes)))
    order = sorted(axes, key=AXES.index)
    rows, columns = order[:cut], order[cut:]
    filters = []
    if draw(st.booleans()):
        filters.append(draw(st.sampled_from(
            ["province = '50'", "district IN ('5001', '5102')", "NOT (district = '5001')",
             "province = '50' OR district = '5102'", "aa(2567) > 300",
             "each(aa > 50) AND province = '50'", "some(bb > 400, 2566, 2567)"]
        )))  # fmt: skip
    if draw(st.booleans()):
        filters.append(draw(st.sampled_from(["year = 2567", "year = 2023", "year >= 2566"])))
    if draw(st.booleans()):
        filters.append(draw(st.sampled_from(["sex = 'f'", "sex IN ('f', 'm')"])))
    level = "subdistrict" if filters and draw(st.booleans()) else None
    measures = draw(st.lists(st.sampled_from(sorted(INDICATORS)), unique=True, min_size=1))
    return measures, rows, columns, " AND ".join(f"({one})" for one in filters), level


def leaves_of(known, filters, level, years):
    """Codes of sub-districts a filter leaves, when it asks about places of a level."""
    codes = list(builders.SUBDISTRICTS)

    def total(key, year, code):
        inside = [one for one in codes if within(one, level) == within(code, level)]
        return amount(known, key, year, who=(None,), codes=inside)

    def above(key, year, code, limit):
        value = total(key, year, code)
        return value is not None and value > limit

    tests = {
        "province = '50'": lambda code: code[:2] == "50",
        "district IN ('5001', '5102')": lambda code: code[:4] in {"5001", "5102"},
        "NOT (district = '5001')": lambda code: code[:4] != "5001",
        "province = '50' OR district = '5102'": lambda code: code[:2] == "50" or code[:4] == "5102",
        "aa(2567) > 300": lambda code: above("aa", "2024", code, 300),
        "each(aa > 50) AND province = '50'": lambda code: (
            code[:2] == "50" and all(above("aa", year, code, 50) for year in years)
        ),
        "some(bb > 400, 2566, 2567)": lambda code: any(
            above("bb", year, code, 400) for year in YEARS
        ),
    }
    chosen = [test for words, test in tests.items() if f"({words})" in filters]
    return [code for code in codes if all(test(code) for test in chosen)]


def years_of(filters, axes):
    if "(year = 2567)" in filters:
        return ("2024",)
    if "(year = 2023)" in filters:
        return ("2023",)
    return YEARS if "year" in axes or "year >=" in filters else YEARS[-1:]


@settings(
    max_examples=100, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(question=questions())
def test_every_cell_is_what_the_observations_say(session, known, question):
    measures, rows, columns, filters, level = question
    asked = Asked(
        measures=measures, rows=rows, columns=columns, totals=("rows", "columns"), level=level,
        filter=read_filter(filters, "cql2-text") if filters else None, scheme="ngc6",
    )  # fmt: skip
    if needs_level(filters, rows + columns, level):
        with pytest.raises(BadParameter):
            cube.answer(session, cube.question_of(session, asked))
        return
    table = cube.answer(session, cube.question_of(session, asked))
    axes = rows + columns
    years = years_of(filters, axes)
    codes = leaves_of(known, filters, table.level, years)
    sexes = (None,)
    if "sex" in filters:
        sexes = SEXES if "IN ('f', 'm')" in filters else ("f",)
    for row in table.rows:
        cells = iter(row.cells)
        for column in table.columns:
            fixed = dict(zip(row.header.dimensions, row.header.keys, strict=True))
            fixed |= dict(zip(column.dimensions, column.keys, strict=True))
            inside = [
                code for code in codes
                if all(within(code, name) == key for name, key in fixed.items()
                       if name not in {"year", "sex"})
            ]  # fmt: skip
            for key in measures:
                cell = next(cells)
                when = (fixed["year"],) if "year" in fixed else years
                who = (fixed["sex"],) if "sex" in fixed else sexes
                wanted = value_of(known, key, when, who=who, codes=inside)
                assert is_same(cell.value, wanted), (key, fixed, cell, wanted)
                assert (cell.value is None) == (cell.status not in {"reported", "zero"})


def is_same(value, wanted):
    if value is None or wanted is None:
        return value is wanted
    return value == pytest.approx(wanted, rel=1e-9)


def needs_level(filters, axes, level):
    asks_values = any(words in filters for words in ("aa(2567)", "each(", "some("))
    names_place = {"region", "province", "district", "subdistrict"} & set(axes)
    return asks_values and level is None and not names_place and "province" not in filters
