"""Whoever takes what is told besides maps learns nothing either, and would notice if he did."""

from __future__ import annotations

import copy
import re

import pytest

from tests.attack import country
from tests.attack.bounds import attack
from tests.attack.elsewhere import WAYS, elsewhere
from tests.attack.harvest import harvest


class Asking:
    """Asks once for each address, and keeps what was said; ``also`` changes an answer."""

    def __init__(self, client):
        self._client, self._kept = client, {}

    def __call__(self, address, also=None):
        if address not in self._kept:
            answer = self._client.get(address)
            assert answer.status_code in {200, 400, 404}, (address, answer.text)
            self._kept[address] = answer.json() if answer.status_code == 200 else None
        told = self._kept[address]
        if also is None or told is None:
            return told
        return also(address, copy.deepcopy(told))


@pytest.fixture(scope="module")
def get(stranger):
    return Asking(stranger)


@pytest.fixture(scope="module")
def maps(get):
    """What maps and tables tell, without the rest."""
    return harvest(get, schemes=tuple(country.REGIONS))


def rest(get, maps, also=None, *, ways=None):
    loot = copy.deepcopy(maps)
    keys = [key for key, one in loot.catalogue.items() if one["privacy"] != "P0"]
    told = elsewhere(lambda address: get(address, also), loot, keys, most=6, ways=ways)
    return loot, told


def test_what_is_told_besides_maps_brings_no_withheld_count_closer(get, maps):
    loot, told = rest(get, maps)
    assert loot.contradictions == []
    assert all(told[way] > 100 for way in WAYS), told
    known = attack(loot)
    assert len(known) > 1_000
    assert all(one.is_consistent for one in known)
    assert [one for one in known if one.is_disclosed] == []


# One mistake each, as a service that forgets to hide somewhere would make it.


def in_layers(address, told):
    for one in told["features"] if "-history/" in address else ():
        if one["properties"].get("cdc_children_status") == "suppressed":
            one["properties"] |= {"cdc_children": 3, "cdc_children_status": "reported"}
    return told


def in_profiles(address, told):
    for one in told["indicators"] if address.startswith("/places") else ():
        for past in one["history"]:
            if past["status"] == "suppressed":
                past["value"] = 3
    return told


def in_changes(address, told):
    for place in told["places"] if "compare=" in address else ():
        place["value"] = 1.0 if place["value"] is None else place["value"]
    return told


def in_totals(address, told):
    if "totals=rows" in address and "IN" in address:
        for cell in told["cells"][0]:
            cell[told["fields"].index("value")] = 4.0
            cell[told["fields"].index("period")] = "2024"
    return told


def in_hits(address, told):
    return told | {"numberMatched": 1} if "resulttype=hits" in address else told


def in_hexagons(address, told):
    if address.startswith("/hexbins") and "f=json" in address and "bbox" in address:
        at = told["fields"].index("value")
        for row in told["rows"]:
            row[at] = 3.0 if row[at] is None else row[at] + 3.0
    return told


def in_forecasts(address, told):
    for place in told["places"] if address.startswith("/forecasts") else ():
        for past in place.get("history", ()):
            if past["status"] == "suppressed":
                past["value"] = 3
    return told


def in_outlooks(address, told):
    for one in told["features"] if "-outlook/" in address else ():
        one["properties"]["cdc_children"] = 3
    return told


def in_scenarios(address, told):
    if re.match("/scenarios/", address) and told["results"]:
        told["results"].append(told["results"][0] | {"code": "6001", "level": "district"})
    return told


def in_files(address, told):
    if address.startswith("/datasets/"):
        told["runs"] = [{"sha256": "1" * 64, "bytes": 4_321}]
    return told


def in_remarks(address, told):
    for place in told["places"] if address.startswith("/maps/cdc_children.json") else ():
        place["flags"] = ["copied-forward"]
    return told


def in_rates(address, told):
    for place in told["places"] if address.startswith("/maps/age_share_60p.json") else ():
        place["value"] = place["value"] or 7.5
    return told


MISTAKES = {
    in_layers: "layers of all years", in_profiles: "profiles",
    in_changes: "changes, shares, ranks", in_totals: "totals of chosen places",
    in_hits: "drawn areas", in_hexagons: "hexagons", in_forecasts: "forecasts, outlooks, scenarios",
    in_files: "files and remarks", in_remarks: "files and remarks",
    in_rates: "what is made of gaps",
    in_outlooks: "forecasts, outlooks, scenarios", in_scenarios: "forecasts, outlooks, scenarios",
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__)
def test_the_attacker_notices_what_is_told_by_mistake(get, maps, mistake):
    loot, _ = rest(get, maps, mistake, ways={MISTAKES[mistake]})
    noticed = loot.contradictions or [
        one for one in attack(loot) if one.is_disclosed or not one.is_consistent
    ]
    assert noticed
