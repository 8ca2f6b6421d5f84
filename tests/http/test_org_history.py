"""An organisation that was upgraded: pages, items, tiles and maps tell who was there when."""

import pytest

from ingest import pipeline

LIST = "รหัส,ประเภท,ชื่อ,จังหวัด,แทน,มีผลตั้งแต่\n5500103,ทต.,ท่าช้าง,50,6500103,1 ม.ค. 2568\n"
OLD, NEW = "อบต.ท่าช้าง", "เทศบาลตำบลท่าช้าง"
#: Tile of lon 100.25, lat 14.05 at zoom 9.
TILE = "/tiles/orgs/9/398/235.mvt"


@pytest.fixture
def client(country_engine, client_of, tmp_path):
    file = tmp_path / "changes.csv"
    file.write_text(LIST, encoding="utf-8")
    report = pipeline.ingest(country_engine, file, recipe="org-changes")
    assert report.outcome == "loaded"
    return client_of(country_engine)


def test_who_replaced_whom_and_since_when_is_told_everywhere(client):
    old, new = (client.get(f"/places/{code}?f=json").json() for code in ("6500103", "5500103"))
    assert (old["isInForce"], old["validTo"], new["validFrom"]) == (
        False, "2024-12-31", "2025-01-01",
    )  # fmt: skip
    (after,), (before,) = old["replacedBy"], new["replaces"]
    assert (after["code"], after["kind"], after["since"]) == (
        "5500103", "subdistrict_municipality", "2025-01-01",
    )  # fmt: skip
    assert (before["code"], before["name_th"], before["since"]) == ("6500103", OLD, "2025-01-01")
    assert old["replaces"] == new["replacedBy"] == []
    # the value of 2024 stays with the one of 2024
    waste = {one["key"]: one["value"] for one in old["indicators"]}
    assert waste["waste_gen_tpd"] == 2.5
    assert "waste_gen_tpd" not in {one["key"] for one in new["indicators"]}
    for code, lang, said in (
        ("6500103", "th", "ตั้งแต่ 1 ม.ค. 2568 แทนด้วย"),
        ("6500103", "en", "Since 1 January 2025 replaced by"),
        ("5500103", "th", "ตั้งแต่ 1 ม.ค. 2568 แทน"),
        ("5500103", "en", "Since 1 January 2025 in the place of"),
    ):
        page = client.get(f"/places/{code}?f=html&lang={lang}").text
        other = "5500103" if code == "6500103" else "6500103"
        assert f'{said} <a href="/places/{other}?f=html' in page

    # items of now and of then
    def codes(query):
        items = client.get(f"/collections/orgs/items?f=geojson&limit=100{query}").json()
        return {one["properties"]["code"] for one in items["features"]} & {"6500103", "5500103"}

    assert codes("") == {"5500103"}
    assert codes("&datetime=2024-06-30") == {"6500103"}
    assert codes("&datetime=2024-12-01/2025-02-01") == {"6500103", "5500103"}
    item = client.get("/collections/orgs/items/5500103?f=geojson").json()["properties"]
    assert (item["flags"], item["valid_from"]) == (["replaces-6500103"], "2025-01-01")
    past = "/collections/orgs/items/6500103?datetime=2024-06-30"
    assert client.get(f"{past}&f=geojson").json()["properties"]["valid_to"] == "2024-12-31"
    assert "แทนรหัส 6500103" in client.get("/collections/orgs/items/5500103?f=html&lang=th").text

    # tiles and maps of now and of then, each with its shape
    for query, there, gone in (("", NEW, OLD), ("?datetime=2024-06-30", OLD, NEW)):
        tile = client.get(f"{TILE}{query}")
        assert tile.status_code == 200
        assert there.encode() in tile.content
        assert gone.encode() not in tile.content
    places = client.get("/maps/waste_gen_tpd.json?level=org&period=2024").json()["places"]
    shown = {one["code"]: one["value"] for one in places if one["code"].endswith("500103")}
    assert shown == {"6500103": 2.5}
