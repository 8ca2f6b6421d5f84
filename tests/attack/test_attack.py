"""Whoever takes everything the service gives, and reckons, learns nothing that is withheld."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import text

from geo_service.core.db import transaction
from layers import withheld
from tests import builders
from tests.attack import country
from tests.attack.bounds import attack, is_count
from tests.attack.harvest import harvest

#: The last digits of a sum hang on the order of adding.
_LONG = re.compile(r"(\d\.\d{9})\d+")


@pytest.fixture
def world(fresh_engine, client_of):
    """A country by chance, and what a stranger is told of it."""

    def make(seed, **changes):
        with transaction(fresh_engine) as session:
            country.build(session, country.persons(seed) | changes.pop("drawn", {}))
        return Stranger(client_of(fresh_engine), fresh_engine)

    return make


class Stranger:
    """Somebody who may ask what everybody may."""

    def __init__(self, client, engine):
        self._client = client
        self.engine = engine

    def get(self, address):
        answer = self._client.get(address)
        assert answer.status_code in {200, 400, 404}, (address, answer.text)
        return answer.json() if answer.status_code == 200 else None

    def body(self, address):
        answer = self._client.get(address)
        return f"{answer.status_code} {answer.text}"

    def loot(self):
        return harvest(self.get, schemes=tuple(country.REGIONS))


def change(engine, key, code, value):
    """Load another count for a sub-district, as a corrected file would."""
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE geo.observation SET value = :value, status = :status FROM geo.area AS a"
                " WHERE a.id = area_id AND a.code = :code AND indicator_key = :key"
                " AND breakdown = '{}'"
            ),
            {"value": value, "status": builders.status_of(value), "code": code, "key": key},
        )
        builders.prepare(session)


def only_the_small(table, hidden, unshown):
    """Protect nothing."""
    return hidden, hidden[:0]


# The last has sub-districts of fewer people than can hide anybody.
@pytest.mark.parametrize("seed", [1, 2, 3, 9])
def test_no_withheld_count_is_known_closer_than_promised(world, seed, caplog):
    loot = world(seed).loot()
    assert "cells that cannot be protected" not in caplog.text
    assert loot.contradictions == []
    known = attack(loot)
    assert len(known) >= 10, "a country without secrets proves nothing"
    assert all(one.is_consistent for one in known)
    assert [one for one in known if one.is_disclosed] == []


def test_no_small_count_is_shown_anywhere(world):
    loot = world(1).loot()
    least = {"P2": 5, "P3": 10}
    small = [
        cell
        for cell, value in loot.shown.items()
        if is_count(loot, cell)
        and 0 < value < least.get(loot.catalogue[cell.indicator]["privacy"], 0)
    ]
    assert small == []


def test_the_attacker_finds_what_a_broken_protection_gives_away(world, monkeypatch):
    monkeypatch.setattr(withheld, "protect", only_the_small)
    known = attack(world(1).loot())
    disclosed = [one for one in known if one.is_disclosed]
    assert disclosed
    exact = [one for one in disclosed if one.high - one.low < 0.5]
    assert exact


def test_the_attacker_is_right_about_what_he_finds(world, monkeypatch):
    monkeypatch.setattr(withheld, "protect", only_the_small)
    drawn = country.persons(1)
    for one in attack(world(1).loot()):
        if one.cell.level == "subdistrict" and not one.cell.breakdown:
            truth = drawn[one.cell.indicator, one.cell.code]
            assert one.low - 1e-6 <= truth <= one.high + 1e-6


def test_after_one_person_more_nothing_withheld_before_is_told(world):
    stranger = world(1)
    before = stranger.loot()
    drawn = country.persons(1)
    code = next(
        cell.code
        for cell in sorted(before.hidden, key=str)
        if cell.indicator == "cdc_children" and cell.level == "subdistrict"
        and drawn["cdc_children", cell.code] == 4
    )  # fmt: skip
    change(stranger.engine, "cdc_children", code, 5)
    after = stranger.loot()
    # One person more makes it large enough, but the two tables together would tell the first.
    assert before.hidden <= after.hidden
    assert [one for one in attack(after) if one.is_disclosed] == []


def test_worlds_that_differ_in_what_is_withheld_alone_look_the_same(world):
    drawn = country.persons(1)
    stranger = world(1)
    loot = stranger.loot()
    hidden = [
        cell.code
        for cell in loot.hidden
        if cell.indicator == "cdc_children" and cell.level == "subdistrict"
    ]
    first, second = _pair(hidden, drawn)
    addresses = _addresses()
    seen = {address: _still(stranger.body(address)) for address in addresses}
    unanswered = {one: body[:300] for one, body in seen.items() if not body.startswith("200")}
    assert all("level=province" in one for one in unanswered), unanswered
    change(stranger.engine, "cdc_children", first, drawn["cdc_children", first] + 1)
    change(stranger.engine, "cdc_children", second, drawn["cdc_children", second] - 1)
    for address in addresses:
        assert _still(stranger.body(address)) == seen[address], address


# Two neighbours of province 61 or 62, where no organisation counts them, one person each way.
def _pair(hidden, drawn):
    for first in sorted(hidden):
        for second in sorted(hidden):
            small = drawn["cdc_children", first] >= 1 and drawn["cdc_children", second] >= 2
            if first != second and first[:4] == second[:4] and small and first < "63":
                return first, second
    pytest.skip("no two withheld neighbours")


_LARGE = "filter=cdc_children%20%3E%203"


def _addresses():
    maps = [
        f"/maps/cdc_children.{form}?level={level}"
        for form in ("json", "csv")
        for level in ("country", "province", "district", "subdistrict")
    ]
    hexagons = [f"/hexbins/cdc_children?resolution={level}&f=csv" for level in (5, 6, 7)]
    cubes = [
        "/cube?measures=cdc_children,cdc_children.share&rows=district,subdistrict&totals=rows&f=csv",
        "/cube?measures=cdc_children.rank&rows=subdistrict&f=csv",
        f"/cube?measures=cdc_children&rows=district&level=subdistrict&f=csv&{_LARGE}",
        "/cube?measures=cdc_children&rows=subdistrict&sort=-cdc_children&f=csv",
    ]
    items = [
        "/collections/ageing-by-subdistrict/items?f=csv",
        f"/collections/ageing-by-subdistrict/items?f=csv&{_LARGE}",
        "/collections/ageing-by-subdistrict/items?f=csv&sortby=-cdc_children",
        "/maps/cdc_children/legend.json?level=subdistrict",
    ]
    return [*maps, *hexagons, *cubes, *items]


def _still(body):
    """Leave out what tells the time or the state of the data."""
    status, _, words = _LONG.sub(r"\1", body).partition(" ")
    if not words.startswith("{"):
        return f"{status} {words}"
    return f"{status} {json.dumps(_without_state(json.loads(words)))}"


def _without_state(said):
    if isinstance(said, dict):
        return {key: _without_state(one) for key, one in said.items() if key not in _STATE}
    return [_without_state(one) for one in said] if isinstance(said, list) else said


_STATE = {"version", "loadedOn", "timeStamp", "links", "sources"}
