"""The gallery: its small maps are those of the large ones, and of whoever looks."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys, people
from geo_service.core.db import transaction
from layers import indicators, measured, thematic
from layers.thematic import Wanted
from layers.thematic.small import build_all
from web.legend import PATTERNS

WITHHELD = PATTERNS["suppressed"]


@pytest.fixture
def insider(country_engine):
    """A key of somebody who sees the number that is withheld from the public in one province."""
    with transaction(country_engine) as session:
        session.execute(
            text(
                "INSERT INTO geo.sealed_value (indicator_key, level, period_key, place_id, value,"
                " status) SELECT indicator_key, level, period_key, place_id, value, status"
                " FROM geo.place_value WHERE indicator_key = 'pop_60p' AND level = 'province'"
                " AND place_id = (SELECT id FROM geo.area WHERE code = '50')"
            )
        )
        session.execute(
            text(
                "UPDATE geo.place_value SET value = NULL, numerator = NULL, denominator = NULL,"
                " status = 'suppressed' WHERE indicator_key = 'pop_60p' AND level = 'province'"
                " AND place_id = (SELECT id FROM geo.area WHERE code = '50')"
            )
        )
        people.add(session, "insider", role="dla", place=None, password="ความลับที่ยาวพอจริง ๆ")
        return keys.make(session, "insider", label="", scopes=("read",))[0]


def fill_of(client, path, **headers):
    page = client.get(path, params={"lang": "th"}, headers={"Accept": "text/html", **headers}).text
    card = re.search(r'href="/maps/pop_60p\?.*?</svg>', page, re.DOTALL)
    return re.search(r'#p50" fill="([^"]+)"', card[0])[1] if card else None


def test_what_an_insider_sees_in_small_is_not_kept_for_the_public(
    client_of, country_engine, insider
):
    client = client_of(country_engine)
    seen = fill_of(client, "/maps", Authorization=f"Bearer {insider}")
    assert seen not in {None, WITHHELD}
    assert fill_of(client, "/maps") == WITHHELD
    assert fill_of(client, "/maps", Authorization=f"Bearer {insider}") == seen
    assert fill_of(client, "/maps") == WITHHELD


def test_small_maps_are_the_large_ones(session, small_country):
    known = [
        one
        for one in measured.read(session, indicators.list_all(session, components=True))
        if "province" in one.levels
    ]
    made = build_all(session, [(one.info, one.latest("province")) for one in known], "province")
    assert len(made) == len(known) >= 5
    for key, small in made.items():
        large = thematic.build(session, key, Wanted(level="province"))
        assert small.indicator == large.indicator
        assert small.classes == large.classes
        assert small.places == tuple(
            (place.code, place.value, place.class_index) for place in large.places
        )
        assert small.total == (large.total.value if large.total else None)


def test_a_new_state_of_the_data_is_drawn_anew(client_of, country_engine):
    client = client_of(country_engine)
    before = fill_of(client, "/maps")
    with transaction(country_engine) as session:
        session.execute(
            text(
                "UPDATE geo.place_value SET value = NULL, status = 'not_reported'"
                " WHERE indicator_key = 'pop_60p' AND level = 'province' AND place_id ="
                " (SELECT id FROM geo.area WHERE code = '50')"
            )
        )
        session.execute(
            text("UPDATE geo.data_version SET number = number + 1 WHERE subject LIKE '%pop_60p'")
        )
    assert fill_of(client, "/maps") != before
    assert fill_of(client, "/maps") == PATTERNS["not_reported"]
