"""What a scenario counts: places above a limit, sites above their own capacity."""

from __future__ import annotations

import pytest
from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import select

from ingest import scenarios as kept
from layers import scenarios
from layers.foreseen import PlaceForecast
from layers.models import Feature, FeatureLayer, Indicator, PlaceValue


def test_a_capacity_without_data_is_told_openly(session, years, document):
    row = session.get_one(Indicator, "waste_gen_tpd")
    names = {"name_th": "ความจุ", "name_en": "Capacity", "theme": "waste", "space_agg": "SUM"}
    session.add(
        Indicator(
            key="capacity", unit_th=row.unit_th, unit_en=row.unit_en, time_agg="LAST", **names
        )
    )
    session.flush()
    kept.create(session, document=document(replaced=[('above = "last"', 'above = "capacity"')]))
    run = scenarios.read(session, "less-waste").run
    assert run.counts[0]["missing"] == ["capacity"]
    assert "chances" not in run.counts[0]
    assert any("Capacity" in note[1] and "ความจุ" in note[0] for note in run.notes)


def test_places_above_a_capacity_are_counted_with_their_chance(session, years, document):
    keys = {code: ("waste_gen_tpd", "province", years[code]) for code in ("50", "51")}
    last = {code: session.get_one(PlaceForecast, key).point[-1] for code, key in keys.items()}
    names = {"name_th": "ความจุ", "name_en": "Capacity", "theme": "waste", "space_agg": "SUM"}
    row = session.get_one(Indicator, "waste_gen_tpd")
    session.add(
        Indicator(
            key="capacity", unit_th=row.unit_th, unit_en=row.unit_en, time_agg="LAST", **names
        )
    )
    session.flush()
    for code, share in (("50", 1.0), ("51", 100.0)):
        session.add(
            PlaceValue(
                indicator_key="capacity", level="province", period_key="2024", place_id=years[code],
                value=share * last[code], status="reported", reporting=1, expected=1,
                basis="reported", version=1,
            )
        )  # fmt: skip
    session.flush()
    kept.create(session, document=document(replaced=[('above = "last"', 'above = "capacity"')]))
    (count,) = scenarios.read(session, "less-waste").run.counts
    chance = {one["code"]: one for one in count["chances"]}
    # the limit is the middle of the forecast: above it in half of all futures, and with a tenth
    # less waste in fewer; a hundred times as much is never reached
    assert chance["50"]["baseline"][-1] == pytest.approx(0.5, abs=0.03)
    assert chance["50"]["scenario"][-1] < chance["50"]["baseline"][-1]
    assert chance["51"]["baseline"][-1] == 0
    assert count["held"] == {"capacity": "2024"}


SITES = (
    ("value = \"waste_gen_tpd\"\nabove = \"last\"",
     "layer = \"sites\"\namount = \"takes\"\nabove = \"may_take\"\nvalue = \"waste_gen_tpd\""),
)  # fmt: skip


def add_sites(session, years, grown):
    session.add(
        FeatureLayer(
            id="sites", title_th="สถานที่", title_en="Sites", theme="waste", geometry_type="Point",
            properties={"takes": {"type": "number"}, "may_take": {"type": "number"}},
            dataset_id="test-facilities",
        )
    )  # fmt: skip
    session.flush()
    version_id = session.scalar(select(Feature.version_id).limit(1))
    told = [("500101", 10.0 * grown), ("500102", 1_000.0), ("510101", 0.001), ("510101", None)]
    for at, (place, limit) in enumerate(told):
        session.add(
            Feature(
                layer_id="sites", code=f"S{at}", name_th="ก", name_en="a", area_id=years[place],
                properties={"takes": 10.0} | ({} if limit is None else {"may_take": limit}),
                version_id=version_id, geom=from_shape(Point(100.05, 14.05), srid=4326),
            )
        )  # fmt: skip
    session.flush()


def test_sites_above_their_own_capacity_are_counted(session, years, document):
    row = session.get_one(PlaceForecast, ("waste_gen_tpd", "province", years["50"]))
    last = session.get_one(PlaceValue, ("waste_gen_tpd", "province", "2024", years["50"])).value
    add_sites(session, years, row.point[-1] / last)
    kept.create(session, document=document(replaced=SITES))
    (count,) = scenarios.read(session, "less-waste").run.counts
    # of four sites one states no capacity; one is always above, one never, and one is above when
    # its province has more waste than the middle of its forecast
    assert (count["places"], count["missing"], count["chances"]) == (3, [], [])
    low95, low80, _, high80, high95 = (one[-1] for one in count["baseline"])
    assert (low95, low80, high80, high95) == (1, 1, 2, 2)
    assert count["scenario"][2][-1] == 1
    assert max(one[-1] for one in count["difference"]) == 0


def test_sites_that_are_not_known_are_told_openly(session, years, document):
    kept.create(session, document=document(replaced=SITES))
    run = scenarios.read(session, "less-waste").run
    assert run.counts[0]["missing"] == ["sites: may_take"]
    assert any("sites: may_take" in note[0] and "sites: may_take" in note[1] for note in run.notes)
