"""A place in all its indicators: the numbers of the country known by heart, in every form."""

from __future__ import annotations

import csv
import io
from statistics import median

import pytest

from tests import builders


def told(client, code):
    answer = client.get(f"/places/{code}?f=json")
    assert answer.status_code == 200
    return answer.json()


def line(profile, key):
    return next(one for one in profile["indicators"] if one["key"] == key)


def test_a_province_shows_its_newest_values_and_how_they_moved(client):
    people = line(told(client, "50"), "pop_total")
    reported = [v for c, v in builders.POPULATION_2024.items() if c.startswith("50")]
    assert (people["period"], people["value"]) == ("2024", sum(reported))
    assert people["change"] == 100 * len(reported)
    assert people["before"] == {
        "period": "2023", "value": sum(reported) - 100 * len(reported), "status": "reported",
    }  # fmt: skip
    assert [point["period"] for point in people["history"]] == ["2023", "2024"]


def test_a_place_stands_among_those_of_its_kind_that_have_a_value(client):
    known = [value for value in builders.POPULATION_2024.values() if value is not None]
    stand = line(told(client, "500103"), "pop_total")["standing"]
    assert stand["places"] == len(known)
    assert stand["rank"] == 1 + sum(value > 3_000 for value in known)
    assert stand["below"] == sum(value < 3_000 for value in known)
    assert stand["spread"][2] == median(known)
    assert (stand["spread"][0], stand["spread"][-1]) == (min(known), max(known))


def test_an_organisation_is_compared_with_its_own_type_only(client):
    # Three of four SAOs reported waste: 2.5, 0 and nothing; one sent nothing at all.
    stand = line(told(client, "6500103"), "waste_gen_tpd")["standing"]
    assert (stand["places"], stand["rank"]) == (2, 1)


@pytest.mark.parametrize(
    ("code", "key", "status"),
    [
        ("510202", "pop_total", "not_reported"),
        ("510102", "pop_60p", "suppressed"),
        ("500202", "pop_60p", "zero"),
    ],
)
def test_missing_hidden_and_zero_stay_three_things(client, code, key, status):
    found = line(told(client, code), key)
    assert found["status"] == status
    assert (found["value"] is None) == (status != "zero")
    if status != "zero":
        assert found["standing"] is None


def test_a_place_leads_up_and_down(client):
    district = told(client, "5001")
    assert [one["code"] for one in district["within"]][-1] == "50"
    inside = {one["code"] for one in district["inside"]}
    assert inside == {"500101", "500102", "500103", "3500101", "4500102", "6500103"}
    covers = told(client, "6500103")["inside"]
    assert [one["code"] for one in covers] == ["500103", "500102"]  # ท่าช้าง before หนองบัว


def test_a_table_holds_every_period_of_every_indicator(client):
    answer = client.get("/places/50?f=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    waste = {row["period"]: row["value"] for row in rows if row["indicator"] == "waste_gen_tpd"}
    assert float(waste["2023"]) == builders.WASTE_2023["50"]
    told_by_json = line(told(client, "50"), "waste_gen_tpd")["value"]
    assert float(waste["2024"]) == told_by_json == 18.0 + 3.0 + 2.5 + 0.0


def test_an_unknown_place_is_not_found_and_a_page_says_so_to_people(client):
    assert client.get("/places/99").json()["code"] == "not-found"
    assert client.get("/places/99?f=html").status_code == 404


@pytest.mark.parametrize("lang", ["th", "en"])
@pytest.mark.parametrize("code", ["TH", "ngc6-1", "50", "5001", "500101", "510203", "6500103"])
def test_every_kind_of_place_has_a_page(client, code, lang):
    answer = client.get(f"/places/{code}?lang={lang}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert ("ย้อนหลัง" if lang == "th" else "History") in answer.text
    assert (
        client.get(
            f"/places/{code}?lang={lang}",
            headers={"Accept": "text/html", "If-None-Match": answer.headers["ETag"]},
        ).status_code
        == 304
    )


@pytest.mark.parametrize("by", ["all", "district", "province"])
def test_a_place_may_be_compared_with_chosen_peers(client, by):
    code, digits = "500103", {"all": 0, "district": 4, "province": 2}[by]
    answer = client.get(f"/places/{code}?peers={by}&f=json").json()
    known = {
        one: value
        for one, value in builders.POPULATION_2024.items()
        if value is not None and one[:digits] == code[:digits]
    }
    stand = line(answer, "pop_total")["standing"]
    assert (stand["places"], stand["rank"]) == (
        len(known), 1 + sum(value > known[code] for value in known.values()),
    )  # fmt: skip
    assert answer["peers"]["by"] == by
    page = client.get(f"/places/{code}?peers={by}&f=html&lang=en").text
    assert "Ranks are among" in page


def test_areas_of_a_like_size_are_a_third_of_their_level(client):
    known = sorted(v for v in builders.POPULATION_2024.values() if v is not None)
    seen = 0
    for code, value in builders.POPULATION_2024.items():
        if value is None:
            continue
        answer = client.get(f"/places/{code}?peers=size&f=json").json()
        stand = line(answer, "pop_total")["standing"]
        if stand is not None:
            assert stand["places"] <= -(-len(known) // 3) + 1
            seen += 1
    assert seen


@pytest.mark.parametrize(("code", "by"), [("50", "kind"), ("500103", "none"), ("TH", "all")])
def test_peers_that_make_no_sense_are_refused(client, code, by):
    answer = client.get(f"/places/{code}?peers={by}")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "peers"
