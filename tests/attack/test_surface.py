"""Two worlds that differ in nothing but what is withheld look the same, wherever one looks."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from urllib.parse import quote

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from geo_service.core.db import transaction
from ingest import refresh
from tests.attack import surface

#: Of what an answer holds, the state of the data, what is drawn by chance for each answer, and the
#: size of files that were not written when they were asked for.
_CHANCE = re.compile(
    rb'nonce[-=]["\']?[\w+/=-]+|[?&](?:amp;)?v=[\w.-]+|request[-_]?id["\':=\s]+[\w-]+'
    rb'|,?"(?:v|version|timeStamp|loadedOn|generated|made_at|length)":\s*"?[^",}]*"?'
)
#: The last digits of a sum hang on the order of adding.
_LONG = re.compile(rb"(\d\.\d{9})\d+")


#: Header fields that name the state of the data, the moment or the answer (a nonce is among them),
#: and how a file is packed, which hangs on whether it was asked for before.
_OF_THE_MOMENT = {
    "accept-ranges", "content-encoding", "content-length", "content-security-policy", "date",
    "etag", "last-modified", "x-request-id",
}  # fmt: skip
#: Columns that name a row, the state of the data or the moment.
_OF_THE_STATE = ("id", "run_id", "version", "version_id", "hash", "state", "made_from")
_READABLE = text("""
    SELECT c.relname AS name, array_agg(
        CASE a.atttypid WHEN 'float8'::regtype THEN format('round(%I::numeric, 6)', a.attname)
             ELSE quote_ident(a.attname) END ORDER BY a.attnum) AS columns
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'geo'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
      AND c.relname NOT IN ('data_version', 'prepared_tile') AND a.attname <> ALL (:state)
      AND a.atttypid NOT IN ('timestamptz'::regtype, 'geometry'::regtype)
      AND has_column_privilege('geo_reader', c.oid, a.attnum, 'SELECT')
    GROUP BY c.relname ORDER BY c.relname
""")


def what_the_role_of_the_public_may_read(engine):
    with transaction(engine) as session:
        tables = session.execute(_READABLE, {"state": list(_OF_THE_STATE)}).all()
        tiles = session.scalars(text("SELECT body FROM geo.prepared_tile"))
        return {"prepared_tile": {_drawn(gzip.decompress(one)) for one in tiles}} | {
            one.name: set(
                session.scalars(
                    text(f"SELECT ROW({', '.join(one.columns)})::text FROM geo.{one.name}")  # noqa: S608
                )
            )
            for one in tables
        }


def answer_to(client, address):
    pages = address.startswith(("/maps", "/dashboards", "/questions", "/embed")) or address == "/"
    accept = {"Accept": "text/html, */*;q=0.1"} if pages else {}
    answer = client.get(address, headers=accept)
    assert answer.status_code in {200, 204, 400, 404}, (address, answer.text[:300])
    body = answer.content
    told = {key: value for key, value in answer.headers.items() if key not in _OF_THE_MOMENT}
    headers = _CHANCE.sub(b"", str(sorted(told.items())).encode())
    return answer.status_code, headers + b"\n" + _plain(
        answer.headers.get("content-type", ""), body
    )


def _plain(kind, body):
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            sheets = [name for name in sorted(book.namelist()) if "docProps" not in name]
            body = b"\n".join(book.read(name) for name in sheets)
    # Of tiles the order of rows is nobody's: they are compared as sets.
    if "vector-tile" in kind:
        return _LONG.sub(rb"\1", _drawn(body).encode())
    return _LONG.sub(rb"\1", _CHANCE.sub(b"", body))


def _drawn(tile):
    layers = mapbox_vector_tile.decode(tile) if tile else {}
    return str([sorted(map(str, layer["features"])) for layer in layers.values()])


def where_they_differ(first, second):
    at = next(
        (at for at, pair in enumerate(zip(first, second, strict=False)) if len({*pair}) > 1), 0
    )
    return first[max(at - 80, 0) : at + 80], second[max(at - 80, 0) : at + 80]


# Pairs of withheld neighbours whose whole is theirs alone: a person moves from one to the other.
def pairs(engine, key, period):
    with transaction(engine) as session:
        found = session.execute(
            text(
                "SELECT a.code, s.value FROM geo.sealed_value AS s"
                " JOIN geo.area AS a ON a.id = s.place_id AND a.level = s.level"
                " WHERE s.indicator_key = :key AND s.period_key = :period"
                " AND s.level = 'subdistrict' AND a.code < '63' ORDER BY a.code"
            ),
            {"key": key, "period": period},
        ).all()
    for first, few in found:
        for second, more in found:
            if first != second and first[:4] == second[:4] and few >= 1 and more >= 2:
                yield first, second


def move(session, moved):
    key, period, first, second = moved
    for code, by in ((first, 1), (second, -1)):
        session.execute(
            text(
                "UPDATE geo.observation SET value = value + :by FROM geo.area AS a"
                " WHERE a.id = area_id AND a.code = :code AND indicator_key = :key"
                " AND period_key = :period AND breakdown = '{}'"
            ),
            {"by": by, "code": code, "key": key, "period": period},
        )


def test_worlds_that_differ_in_what_is_withheld_alone_look_the_same(world, stranger):
    asked = list(dict.fromkeys(surface.addresses()))
    seen = {address: answer_to(stranger, address) for address in asked}
    kept = what_the_role_of_the_public_may_read(world)
    assert {"hexbin", "place_forecast", "place_value", "scenario_result"} <= kept.keys()
    assert not {"observation", "sealed_value", "sealed_slice_value", "reject"} & kept.keys()
    told = sum(status == 200 for status, _ in seen.values())
    assert told > 0.8 * len(asked), sorted(a for a, (status, _) in seen.items() if status != 200)
    moved = [
        (key, period, *random.Random(1).choice(known))
        for key in ("cdc_children", "adl_homebound")
        for period in ("2019", "2024")
        if (known := list(pairs(world, key, period)))
    ]
    assert len(moved) >= 3
    with transaction(world) as session:
        for one in moved:
            move(session, one)
        refresh.refresh(session, resolutions="5-7", only_changed=False)
    now = what_the_role_of_the_public_may_read(world)
    other = {name: sorted(kept[name] ^ now[name])[:4] for name in kept if kept[name] != now[name]}
    assert not other, {name: str(rows)[:500] for name, rows in other.items()}
    differing = {
        address: where_they_differ(seen[address][1], again[1])
        for address in asked
        if (again := answer_to(stranger, address)) != seen[address]
    }
    assert not differing, "\n".join(f"{address}: {how}" for address, how in differing.items())


LAYER = "/collections/ageing-by-subdistrict/items"


def told_in(client, box):
    answer = client.get(f"{LAYER}?limit=100&f=json&bbox={box}&period=2024")
    found = answer.json()["features"]
    return {one["properties"]["code"]: one["properties"]["cdc_children"] for one in found}


def matched(client, told):
    answer = client.get(f"{LAYER}?resulttype=hits&period=2024&{told}")
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()["numberMatched"]


# Sub-districts are squares of a tenth of a degree: each step takes another column in.
@pytest.mark.parametrize("east", [100.05, 100.15, 100.25, 100.35, 100.45, 100.55])
def test_a_box_or_shape_that_takes_in_one_place_more_counts_what_is_shown_alone(stranger, east):
    box = f"100.01,14.01,{east},14.39"
    shape = f"POLYGON((100.01 14.01,{east} 14.01,{east} 14.39,100.01 14.39,100.01 14.01))"
    values = told_in(stranger, box)
    assert values
    shown = [value for value in values.values() if value is not None]
    for words, holds in (
        ("cdc_children < 7", lambda value: value < 7),
        ("cdc_children >= 1", lambda value: value >= 1),
        ("NOT (cdc_children > 9)", lambda value: value <= 9),
    ):
        wanted = sum(map(holds, shown))
        told = f"filter={quote(words)}"
        assert matched(stranger, f"bbox={box}&{told}") == wanted
        both = quote(f"S_INTERSECTS(geometry, {shape}) AND {words}")
        assert matched(stranger, f"filter={both}") == wanted
    assert matched(stranger, f"bbox={box}&filter={quote('cdc_children IS NULL')}") == (
        len(values) - len(shown)
    )


def test_of_the_boxes_some_hold_what_is_withheld(stranger):
    answer = stranger.get(f"{LAYER}?limit=100&f=json&period=2024").json()
    told = [one["properties"]["cdc_children_status"] for one in answer["features"]]
    assert {"suppressed", "reported", "zero"} <= set(told)
