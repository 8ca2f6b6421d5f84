"""Differences between two periods, against numbers known by heart (tests/builders.py)."""

from __future__ import annotations

from datetime import date

import pytest

from geo_service.core.errors import NotFound
from layers import outlines, thematic
from layers.models import SeriesBreak
from layers.thematic import Wanted
from layers.thematic.compare import build as build_comparison
from web.payload import page_data


def test_every_place_that_reported_twice_has_a_difference(session, small_country):
    shown = build_comparison(
        session, "pop_total", Wanted(level="subdistrict", period="2567"), against="2566"
    )
    values = {place.code: place.value for place in shown.places}
    assert values.pop("510202") is None
    assert set(values.values()) == {100.0}
    assert (shown.reporting, shown.expected) == (9, 10)
    assert shown.against is not None
    assert shown.against.key == "2023"


def test_the_whole_has_its_difference_too(session, small_country):
    shown = build_comparison(session, "waste_gen_tpd", Wanted(level="province"), against="2566")
    assert shown.total is not None
    # 31.5 tonnes a day in 2567 after 34.0 in 2566
    assert shown.total.value == pytest.approx(-2.5)


def test_a_period_without_values_is_not_compared(session, small_country):
    with pytest.raises(NotFound):
        build_comparison(session, "pop_60p", Wanted(), against="2566")


def test_a_break_of_the_series_is_told_and_drawn(session, small_country):
    session.add(
        SeriesBreak(
            indicator_key="pop_total",
            effective=date(2024, 1, 1),
            note_th="นับใหม่",
            note_en="Counted anew",
            source="",
        )
    )
    session.flush()
    drawn = thematic.build(session, "pop_total", Wanted(level="province"))
    assert page_data(drawn, "th")["breaks"] == [1]
    shown = build_comparison(session, "pop_total", Wanted(level="province"), against="2566")
    assert shown.breaks_note is not None
    assert "Counted anew" in shown.breaks_note.en


def test_prepared_shapes_are_drawn_where_there_are_any(session, small_country):
    drawn = thematic.build(session, "pop_total", Wanted(level="province"))
    shapes = outlines.read(session, "province", [place.id for place in drawn.places])
    assert len(shapes) == 2
    assert {shape["type"] for shape in shapes.values()} <= {"Polygon", "MultiPolygon"}
