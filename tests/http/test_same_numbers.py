"""One value, asked for in every way there is, is the same number with the same status."""

from __future__ import annotations

import csv
import io

import mapbox_vector_tile
import pytest

THEMES = {
    "pop_total": "population",
    "pop_60p": "ageing",
    "age_share_60p": "ageing",
    "waste_gen_tpd": "waste",
    "waste_gen_rate": "waste",
}
LEVELS = ("province", "district", "subdistrict", "org")
CASES = [(key, level, period) for key in THEMES for level in LEVELS for period in ("2566", "2567")]
#: The tile that holds the whole tiny country.
WHOLE = "6/49/29"

Told = dict[str, tuple[float | None, str]]


def from_map(client, key: str, level: str, period: str) -> Told | None:
    answer = client.get(f"/maps/{key}.json", params={"level": level, "period": period})
    if answer.status_code in {400, 404}:
        return None
    assert answer.status_code == 200, answer.text
    return {one["code"]: (one["value"], one["status"]) for one in answer.json()["places"]}


def from_map_table(client, key: str, level: str, period: str) -> Told:
    answer = client.get(f"/maps/{key}.csv", params={"level": level, "period": period})
    assert answer.status_code == 200, answer.text
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    return {row["code"]: (number(row["value"]), row["status"]) for row in rows}


def from_items(client, key: str, level: str, period: str) -> Told:
    answer = client.get(f"/collections/{THEMES[key]}-by-{level}/items", params={"period": period})
    assert answer.status_code == 200, answer.text
    found = (one["properties"] for one in answer.json()["features"])
    return {own["code"]: (own[key], own[f"{key}_status"]) for own in found}


def from_table(client, key: str, level: str, period: str) -> Told:
    answer = client.get(
        f"/collections/{THEMES[key]}-by-{level}/items", params={"period": period, "f": "csv"}
    )
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    return {row["code"]: (number(row[key]), row[f"{key}_status"]) for row in rows}


def from_history(client, key: str, level: str, period: str) -> Told:
    answer = client.get(
        f"/collections/{THEMES[key]}-by-{level}-history/items", params={"datetime": period}
    )
    found = (one["properties"] for one in answer.json()["features"])
    return {own["code"]: (own[key], own[f"{key}_status"]) for own in found}


def from_tile(client, key: str, level: str, period: str) -> Told:
    answer = client.get(
        f"/tiles/{THEMES[key]}-by-{level}/{WHOLE}.mvt",
        params={"period": period, "properties": f"code,{key},{key}_status"},
    )
    if answer.status_code == 204:
        return {}
    layer = mapbox_vector_tile.decode(answer.content)[f"{THEMES[key]}-by-{level}"]
    found = (one["properties"] for one in layer["features"])
    return {own["code"]: (own.get(key), own[f"{key}_status"]) for own in found}


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.mark.parametrize(("key", "level", "period"), CASES)
def test_every_way_of_asking_gives_the_same_number_and_status(client, key, level, period):
    shown = from_map(client, key, level, period)
    if shown is None:
        # No value at this level and time: then no other way may show one.
        others = from_items(client, key, level, period)
        assert all(value is None for value, _ in others.values())
        return
    assert shown
    for ask in (from_map_table, from_items, from_table, from_history):
        told = ask(client, key, level, period)
        assert {code: told[code] for code in shown} == shown, ask.__name__
        hidden = {code: told[code] for code in told.keys() - shown.keys()}
        assert all(status == "not_applicable" for _, status in hidden.values()), ask.__name__
    drawn = from_tile(client, key, level, period)
    assert drawn.keys() <= shown.keys() | hidden.keys()
    assert {code: shown[code] for code in drawn if code in shown} == {
        code: told for code, told in drawn.items() if code in shown
    }


def test_enough_cases_have_values(client):
    with_values = [case for case in CASES if from_map(client, *case)]
    assert len(with_values) >= 20


@pytest.mark.parametrize(("key", "part"), [("pop_total", "value"), ("waste_gen_rate", "numerator")])
def test_hexagons_add_up_to_the_country(client, key, part):
    total = client.get(f"/maps/{key}.json", params={"level": "province"}).json()["total"]
    answer = client.get(f"/hexbins/{key}", params={"f": "json", "resolution": "6"})
    if answer.status_code == 404 and answer.json()["code"] == "no-hexbins":
        pytest.skip(f"{key} has no hexagons in the tiny country")
    told = answer.json()
    place = told["fields"].index(part)
    sums = sum(row[place] for row in told["rows"] if row[place] is not None)
    assert sums == pytest.approx(total[part], rel=1e-9)
