"""How pages write numbers, and how the panels of a dashboard are laid out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from geo_service.core.text import Text
from layers.forecasts.words import trend_of
from web.dashboards.views import View, arranged
from web.words import axis, measured, parts


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        (40.0, "ร้อยละ", "40.0"),
        (40.0, "%", "40.0"),
        (-1234.5, "tonnes per day", "\N{MINUS SIGN}1,234.5"),
        (80.7, "คน/ตร.กม.", "80.7"),
    ],
)
def test_the_number_stands_out_from_its_unit_and_nothing_is_lost(value, unit, number):
    written = measured(value, unit, 1)
    assert parts(written)[1] == number
    assert "".join(parts(written)) == written


def test_the_name_of_a_class_stands_whole():
    assert parts("สังคมสูงวัยอย่างสมบูรณ์") == ("", "สังคมสูงวัยอย่างสมบูรณ์", "")


def test_millions_on_an_axis_are_words():
    assert axis(15_000_000, 0, "th") == "15 ล้าน"
    assert axis(2_500_000, 0, "en") == "2.5M"
    assert axis(150_000, 0, "th") == "150,000"


def view(width, body="something", title="A", note=""):
    return View("map", title, "", note, width, "", body)


def test_what_is_not_known_is_told_once_at_the_end_and_rows_are_filled():
    made = arranged(
        [view(12), view(5, None, "B", "why"), view(7), view(5), view(7), view(6, None, "B", "why")],
        "en",
    )
    assert [one.width for one in made] == [12, 7, 5, 12, 12]
    assert (made[-1].kind, made[-1].body) == ("missing", (("B", "why"),))


def test_a_slope_is_told_with_two_digits_and_shares_move_by_points():
    info = SimpleNamespace(unit=Text("คน", "persons"), decimals=0)
    trend = SimpleNamespace(
        direction="falling", strength="strong", slope=-289_454.0, change_period=None
    )
    assert trend_of(trend, info).en == "falling steadily, about 289,454 persons a year"
    trend.slope = -0.0213
    info = SimpleNamespace(unit=Text("กก.", "kg"), decimals=2)
    assert trend_of(trend, info).en == "falling steadily, about 0.021 kg a year"
    info = SimpleNamespace(unit=Text("ร้อยละ", "%"), decimals=1)
    trend.slope = -1.6
    assert trend_of(trend, info).th.endswith("ราว 1.6 จุด ต่อปี")
