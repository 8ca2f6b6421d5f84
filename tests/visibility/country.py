"""A tiny country whose every number of one indicator is withheld, and who may see which.

Every number is unlike any other, so that finding its digits anywhere in an answer tells that this
answer shows it.
"""

from __future__ import annotations

import io
import re
import zipfile

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from geo_service.core.db import make_engine, transaction
from tests.builders import ORGS, SUBDISTRICTS

#: Signs embed tokens.
SECRET = "kX9-vQ2_mT7bLr4wZ8nYc5hJd3fGp6sA1uEo0iRtKy"
#: Account -> role and place.
PEOPLE = {
    "anonymous": ("anonymous", None),
    "reader": ("reader", None),
    "analyst": ("analyst", None),
    "lao": ("lao", "6500103"),
    "other-lao": ("lao", "5510101"),
    "province": ("province", "50"),
    "other-province": ("province", "51"),
    "dla": ("dla", None),
    "admin": ("admin", None),
}
PROVINCES, DISTRICTS = {"50", "51"}, {"5001", "5002", "5101", "5102"}
EVERYWHERE = PROVINCES | DISTRICTS | set(SUBDISTRICTS) | set(ORGS)
AT = {
    "province": PROVINCES, "district": DISTRICTS, "subdistrict": set(SUBDISTRICTS),
    "org": set(ORGS),
}  # fmt: skip
UPPER = {code for code, (kind, *_) in ORGS.items() if kind == "PAO"}
#: What each may see, written out: the province of an organisation is in its code.
MAY_SEE = {
    "anonymous": set(),
    "reader": set(),
    "analyst": set(),
    "lao": {"6500103", "500103"},
    "other-lao": {"5510101", "510101", "510102"},
    "province": {c for c in EVERYWHERE if (c[1:3] if c in ORGS else c[:2]) == "50"},
    "other-province": {c for c in EVERYWHERE if (c[1:3] if c in ORGS else c[:2]) == "51"},
    "dla": EVERYWHERE,
    "admin": EVERYWHERE,
}
#: Who sees what everybody sees, so that all of them are answered alike.
SEES_NOTHING = tuple(who for who, seen in MAY_SEE.items() if not seen)
SECRETS = {code: 700_000_001 + 7_919 * at for at, code in enumerate(sorted(EVERYWHERE))}

#: Signed in with a browser: cookies of a session instead of a key.
SIGNED_IN = {"lao", "province", "dla", "analyst"}

#: Answers that list every place of a level which has a shape or needs none.
WHOLE = {
    "items": "/collections/ageing-by-{level}/items?period=2024&limit=100&f=json",
    "items-csv": "/collections/ageing-by-{level}/items?period=2024&limit=100&f=csv",
    "items-jsonfg": "/collections/ageing-by-{level}/items?period=2024&limit=100&f=jsonfg",
    "items-sorted": "/collections/ageing-by-{level}/items?period=2024&limit=100&sortby=-pop_60p",
    "items-filtered": "/collections/ageing-by-{level}/items?period=2024&limit=100"
    "&filter=pop_60p%20%3E%20600000000",
    "download-csv": "/collections/ageing-by-{level}/downloads/ageing-by-{level}.csv",
    "download-geojson": "/collections/ageing-by-{level}/downloads/ageing-by-{level}.geojson",
    "map-json": "/maps/pop_60p.json?level={level}&period=2024",
    "map-csv": "/maps/pop_60p.csv?level={level}&period=2024",
    "cube": "/cube?measures=pop_60p&rows={level}&columns=year&f=json",
    "cube-csv": "/cube?measures=pop_60p&rows={level}&columns=year&f=csv",
    "cube-xlsx": "/cube?measures=pop_60p&rows={level}&columns=year&f=xlsx",
}
#: Answers that may show some of a level, and never more than the role may see.
PARTLY = {
    "items-html": "/collections/ageing-by-{level}/items?period=2024&limit=100&f=html",
    "tile": "/tiles/ageing-by-{level}/7/99/58.mvt?properties=pop_60p&period=2024",
    "tile-of-the-standard": "/collections/ageing-by-{level}/tiles/WebMercatorQuad/7/58/99?f=mvt",
    "map-page": "/maps/pop_60p?level={level}&period=2024",
    "map-legend": "/maps/pop_60p/legend.json?level={level}&period=2024",
    "map-embed": "/embed/maps/pop_60p?level={level}&period=2024",
    "map-style": "/maps/pop_60p/style.json?level={level}&period=2024",
    "cube-html": "/cube?measures=pop_60p&rows={level}&columns=year&f=html",
}
#: Answers of the public class for everybody, and those that name no level.
ALONE = {
    "hexbin": "/hexbins/pop_60p?resolution=6",
    "hexbin-made-now": "/hexbins/pop_60p?resolution=7",
    "hexbin-csv": "/hexbins/pop_60p?resolution=6&f=csv",
    "hexbin-tile": "/hexbins/pop_60p/tiles/9/398/235.mvt",
    "forecast": "/forecasts/pop_60p?level=province",
    "gallery": "/maps",
    "questions": "/questions",
    "dashboard": "/dashboards/ageing",
    "dashboard-place": "/dashboards/ageing?place=50",
    "ageing": "/ageing",
    "place": "/places/50?f=json",
    "place-csv": "/places/500103?f=csv",
    "place-html": "/places/6500103?f=html",
    "indicator": "/indicators/pop_60p",
    "search": "/places?q=Bang%20Kaeo&f=json",
    "outlook": "/collections/ageing-by-province-outlook/items?f=json",
    "outlook-tile": "/tiles/ageing-by-province-outlook/7/99/58.mvt",
    "scenarios": "/scenarios?f=json",
    "downloads": "/collections/ageing-by-district/downloads",
    "collections": "/collections",
    "queryables": "/collections/ageing-by-subdistrict/queryables",
    "datasets": "/datasets/test-population",
    "landing": "/",
}


def seal(url):
    """Withhold every number of one indicator."""
    engine = make_engine(url)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM geo.sealed_value WHERE indicator_key = 'pop_60p'"))
        session.execute(text("DELETE FROM geo.place_value WHERE indicator_key = 'pop_60p'"))
        for code, number in SECRETS.items():
            table = "org" if code in ORGS else "area"
            level = "'org'" if code in ORGS else "level"
            scheme = "" if code in ORGS else " AND scheme IS NULL"
            place = f"FROM geo.{table} WHERE code = :code{scheme}"
            session.execute(
                text(
                    "INSERT INTO geo.place_value (indicator_key, level, period_key, place_id,"
                    " status, reporting, expected, basis, version)"
                    f" SELECT 'pop_60p', {level}, '2024', id, 'suppressed', 1, 1, 'reported', 1"
                    f" {place}"
                ),
                {"code": code},
            )
            session.execute(
                text(
                    "INSERT INTO geo.sealed_value (indicator_key, level, period_key, place_id,"
                    f" value, status) SELECT 'pop_60p', {level}, '2024', id, :number, 'reported'"
                    f" {place}"
                ),
                {"code": code, "number": number},
            )
    engine.dispose()


def text_of(answer) -> str:
    kind = answer.headers.get("content-type", "")
    if "vector-tile" in kind:
        return str(mapbox_vector_tile.decode(answer.content)) if answer.content else ""
    if "spreadsheetml" in kind:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return answer.text


def seen_in(answer) -> set[str]:
    words = text_of(answer)
    if "html" in answer.headers.get("content-type", ""):
        words = words.replace(",", "")  # thousands
    digits = set(re.findall(r"\d+", words))
    return {code for code, number in SECRETS.items() if str(number) in digits}


def cases(addresses, levels=tuple(AT)):
    return [
        pytest.param((name, level, address.format(level=level)), id=f"{name}-{level}")
        for name, address in addresses.items()
        for level in levels
    ]
