"""Every address under which the service tells numbers, in every way of writing them.

What is asked for is a small country's guarded indicators (`tests.attack.country`); a page more
needs one line here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

KEYS = ("cdc_children", "pop_60p", "adl_dependent", "age_share_60p")
AREAS = ("country", "region", "province", "district", "subdistrict")
LAYERS = ("district", "subdistrict", "org")
#: Over some sub-districts, none of them as a whole.
SHAPE = "POLYGON((100.15 14.05,100.45 14.05,100.45 14.25,100.15 14.25,100.15 14.05))"
#: Conditions that a hidden number would meet or fail.
FILTERS = (
    "{key} < 7", "{key} >= 1", "{key} IS NULL", "{key} BETWEEN 1 AND 9", "NOT ({key} > 3)",
    "{key} * 2 < 14", "{key} IN (1, 2, 3, 4, 5, 6, 7, 8, 9)", "{key} <> 4",
)  # fmt: skip


def addresses() -> Iterator[str]:
    """List them all."""
    yield from _catalogue()
    yield from _beside()
    yield from _layers()
    yield from _cubes()
    yield from _places()
    for key in KEYS:
        yield from _maps(key)
        yield from _hexagons(key)
        yield from _forecasts(key)


def _catalogue() -> Iterator[str]:
    yield from ("/collections?f=json", "/indicators?components=true&f=json", "/periods?f=json")
    yield from ("/datasets?f=json", "/datasets/attack?f=json", "/cube/meta", "/tiles?f=json")
    yield from ("/scenarios/fewer-in-need?f=html", "/scenarios/fewer-in-need?f=json")
    yield from ("/scenarios?f=json", "/ageing?f=json", "/ageing?f=csv", "/ageing?f=html")
    yield from (f"/indicators/{key}?f=json" for key in KEYS)


# What stands beside numbers: single features, styles, lists of tiles, names, the next page.
def _beside() -> Iterator[str]:
    for level, code in (("district", "6101"), ("subdistrict", "610101"), ("org", "5630101")):
        layer = f"/collections/ageing-by-{level}"
        yield from (f"{layer}/items/{code}?f={form}" for form in ("json", "jsonfg", "html"))
        yield from (f"{layer}/styles?f=json", f"{layer}/tiles?f=json", f"{layer}/downloads?f=json")
        yield from (
            f"{layer}/tiles/WebMercatorQuad?f=json",
            f"/tiles/ageing-by-{level}/tilejson.json",
        )
        yield f"/tiles/ageing-by-{level}/names/8/199/117.mvt"
        yield from (
            f"{layer}/items?limit=2&f={form}&sortby=-cdc_children" for form in ("csv", "json")
        )
        where = {"op": "<", "args": [{"property": "cdc_children"}, 7]}
        asked = {"f": "csv", "filter-lang": "cql2-json", "filter": json.dumps(where)}
        yield f"{layer}/items?{urlencode(asked)}"
    yield from ("/functions?f=json", "/conformance?f=json", "/api", "/livez", "/readyz")
    yield "/tiles/WebMercatorQuad/8/117/199?f=mvt&collections=ageing-by-district,districts"
    for key in KEYS:
        yield from (f"/hexbins/{key}?resolution=5&f={form}" for form in ("geojson", "json"))
        yield f"/maps/{key}.json?level=district&period=2015/2024"


def _maps(key: str) -> Iterator[str]:
    for level in (*AREAS, "org"):
        at = f"level={level}&period=2024"
        yield from (f"/maps/{key}.json?{at}", f"/maps/{key}.csv?{at}", f"/maps/{key}?{at}")
        yield from (f"/maps/{key}/legend.json?{at}", f"/maps/{key}/style.json?{at}")
        yield f"/embed/maps/{key}?{at}"
    for level in ("province", "district", "subdistrict"):
        for past in (2023, 2019):
            yield f"/maps/{key}.json?level={level}&period=2024&compare={past}"
    yield f"/maps/{key}?level=district&period=2024&compare=2019"
    for scheme in ("ngc6", "nso4", "cluster18_2560"):
        yield f"/maps/{key}.json?level=region&period=2024&region_scheme={scheme}"
    for method in ("quantile", "equal", "jenks"):
        yield f"/maps/{key}.json?level=district&period=2024&method={method}"


def _hexagons(key: str) -> Iterator[str]:
    for resolution in (5, 6, 7):
        yield f"/hexbins/{key}?resolution={resolution}&f=csv"
        yield f"/hexbins/{key}?resolution={resolution}&period=2020&f=json"
        yield f"/hexbins/{key}?resolution={resolution}&period=2019&bbox=100.21,14.01,100.39,14.19"
    yield from (f"/hexbins/{key}/tiles/{place}.mvt" for place in ("6/49/29", "8/199/117"))


def _layers() -> Iterator[str]:
    for level in LAYERS:
        layer = f"/collections/ageing-by-{level}"
        yield from (layer, f"{layer}/queryables", f"{layer}/sortables", f"{layer}/schema")
        for form in ("json", "csv", "jsonfg", "geojsonseq", "html"):
            yield f"{layer}/items?limit=100&f={form}"
            yield f"{layer}/items?limit=100&period=2020&f={form}"
        for form in ("csv", "geojson"):
            yield f"{layer}/downloads/ageing-by-{level}.{form}"
        for key in KEYS:
            yield f"{layer}/items?limit=100&f=csv&sortby=-{key}"
            yield f"{layer}/items?limit=100&f=csv&sortby={key}"
            for words in FILTERS:
                told = f"filter={quote(words.format(key=key))}"
                yield f"{layer}/items?limit=100&f=csv&{told}"
                yield f"{layer}/items?resulttype=hits&{told}"
        for place in ("6/49/29", "8/199/117"):
            yield f"/tiles/ageing-by-{level}/{place}.mvt?properties={','.join(KEYS)}"
            yield f"/tiles/ageing-by-{level}/{place}.mvt?filter={quote('cdc_children < 7')}"
    yield "/collections/ageing-by-district/tiles/WebMercatorQuad/6/29/49?f=mvt"
    for words in FILTERS:
        both = f"S_INTERSECTS(geometry,{SHAPE}) AND {words.format(key='cdc_children')}"
        yield f"/collections/ageing-by-subdistrict/items?f=csv&filter={quote(both)}"
    yield from _histories()


def _histories() -> Iterator[str]:
    for level in LAYERS:
        for kind in ("history", "outlook"):
            layer = f"/collections/ageing-by-{level}-{kind}"
            yield from (layer, f"{layer}/items?limit=1000&f=csv", f"{layer}/items?limit=50&f=json")
            yield f"{layer}/items?resulttype=hits&filter={quote('cdc_children < 7')}"
            period = {"history": 2019, "outlook": 2026}[kind]
            for key in KEYS:
                yield f"{layer}/items?limit=100&f=csv&period={period}&sortby=-{key}"
            yield f"/tiles/ageing-by-{level}-{kind}/8/199/117.mvt?period={period}"


def _cubes() -> Iterator[str]:
    for form in ("json", "csv", "xlsx", "html"):
        for rows in ("district", "subdistrict", "org", "region,province", "district,subdistrict"):
            yield f"/cube?measures={','.join(KEYS)}&rows={rows}&columns=year&totals=rows&f={form}"
    for key in KEYS:
        asked = f"/cube?measures={key}&rows=subdistrict&f=csv"
        yield from (f"{asked}&sort=-{key}", f"{asked}&top=5&by={key}", f"{asked}&bottom=5&by={key}")
        for more in ("share", "rank", "change", "change_pct"):
            yield f"/cube?measures={key}.{more}&rows=subdistrict&columns=year&f=csv"
        for words in FILTERS:
            yield f"{asked}&filter={quote(words.format(key=key))}"
    yield "/cube?measures=pop_60p&rows=district,sex,age&totals=rows&f=csv"


def _places() -> Iterator[str]:
    for code in ("TH", "60", "61", "6101", "610101", "610102", "620301", "5630101"):
        yield from (f"/places/{code}?f={form}" for form in ("json", "csv", "html"))
    for name in ("ageing", "executive", "waste"):
        yield from (f"/dashboards/{name}", f"/embed/dashboards/{name}")
        yield from (f"/dashboards/{name}?place={code}" for code in ("61", "6101", "610101"))
        yield f"/dashboards/{name}?place=61&against=62"
    yield from ("/questions", "/maps", "/dashboards", "/")


def _forecasts(key: str) -> Iterator[str]:
    for level in AREAS:
        yield from (f"/forecasts/{key}?level={level}&f={form}" for form in ("json", "csv", "html"))
    for level in ("country", "province", "district", "acted-on"):
        asked = f"/scenarios/fewer-in-need?indicator={key}&level={level}"
        yield from (f"{asked}&f={form}" for form in ("json", "csv"))
    for place in ("61", "6101", "610101"):
        yield from (f"/forecasts/{key}?place={place}&f={form}" for form in ("json", "csv"))
    for level in ("province", "district", "subdistrict"):
        yield f"/maps/{key}.json?level={level}&period=2026"
