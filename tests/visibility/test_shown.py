"""One visibility for each role, whatever is asked for: generated, role by representation."""

from __future__ import annotations

import pytest

from tests.visibility.country import (
    ALONE,
    AT,
    MAY_SEE,
    PARTLY,
    PEOPLE,
    SEES_NOTHING,
    UPPER,
    WHOLE,
    cases,
    seen_in,
)


# What is read is forbidden to nobody (docs/security.md): a value that may not be seen is withheld,
# and where nothing at all may be seen there is nothing, for all alike.
def check_statuses(statuses):
    assert set(statuses.values()) <= {200, 204, 404}, statuses
    assert len({statuses[who] for who in SEES_NOTHING}) == 1, statuses


@pytest.mark.parametrize("case", cases(WHOLE))
def test_each_role_sees_its_own_and_nothing_else(secret_client, headers, case):
    _, level, address = case
    for who in PEOPLE:
        answer = secret_client.get(address, headers=headers[who])
        # A map without a single value is not there; tables of places are, without any.
        # A map of organisations draws the lower tier alone.
        is_map = address.startswith("/maps")
        wanted = MAY_SEE[who] & AT[level] - (UPPER if is_map else set())
        is_bare = is_map and not wanted
        assert answer.status_code == (404 if is_bare else 200), (who, answer.text[:500])
        assert seen_in(answer) == wanted, who


@pytest.mark.parametrize("case", cases(PARTLY))
def test_no_role_sees_more_where_only_some_is_shown(secret_client, headers, case):
    (name, level, address), shown, statuses = case, set(), {}
    for who in PEOPLE:
        accept = {"Accept": "text/html, */*;q=0.1"} if "page" in name or "html" in name else {}
        answer = secret_client.get(address, headers=headers[who] | accept)
        statuses[who] = answer.status_code
        assert seen_in(answer) <= MAY_SEE[who] & AT[level], who
        shown |= seen_in(answer)
    check_statuses(statuses)
    if name.startswith("tile") and level != "org":
        assert shown, "a tile with values shows them to those who may see them"


@pytest.mark.parametrize("name", ALONE)
def test_no_role_sees_more_in_what_names_no_level(secret_client, headers, name):
    statuses = {}
    for who in PEOPLE:
        accept = {"Accept": "text/html"} if name in {"gallery", "questions", "landing"} else {}
        answer = secret_client.get(ALONE[name], headers=headers[who] | accept)
        statuses[who], seen = answer.status_code, seen_in(answer)
        if name.startswith(("hexbin", "forecast", "outlook", "scenario")):
            assert not seen, who
        assert seen <= MAY_SEE[who], who
    check_statuses(statuses)


def test_one_feature_shows_what_the_list_shows(secret_client, headers):
    for level in AT:
        listed = secret_client.get(
            WHOLE["items"].format(level=level), headers=headers["anonymous"]
        ).json()["features"]
        for one in listed:
            for who in PEOPLE:
                address = f"/collections/ageing-by-{level}/items/{one['id']}?period=2024"
                answer = secret_client.get(address, headers=headers[who])
                assert answer.status_code == 200
                code = one["properties"].get("code", one["id"])
                assert seen_in(answer) == MAY_SEE[who] & {code}, (who, code)


def test_how_many_match_is_counted_among_what_the_reader_sees(secret_client, headers):
    address = WHOLE["items-filtered"].format(level="subdistrict")
    for who in PEOPLE:
        told = secret_client.get(address, headers=headers[who]).json()
        assert told["numberMatched"] == len(MAY_SEE[who] & AT["subdistrict"]), who


@pytest.mark.parametrize("name", WHOLE)
def test_who_signed_in_sees_what_his_key_sees(secret_client, cookies, name):
    for level in ("district", "org"):
        address = WHOLE[name].format(level=level)
        for who, cookie in cookies.items():
            answer = secret_client.get(address, headers=cookie)
            wanted = MAY_SEE[who] & AT[level] - (UPPER if address.startswith("/maps") else set())
            assert seen_in(answer) == wanted, (who, level)
            assert answer.headers["cache-control"] == "private, no-store" or not wanted, who


@pytest.mark.parametrize("level", AT)
def test_a_question_that_is_posted_shows_what_one_in_the_address_shows(
    secret_client, headers, level
):
    asked = {"measures": ["pop_60p"], "rows": [level], "columns": ["year"]}
    for who in PEOPLE:
        answer = secret_client.post("/cube?f=json", headers=headers[who], json=asked)
        assert answer.status_code == 200, (who, answer.text[:300])
        assert seen_in(answer) == MAY_SEE[who] & AT[level], who
