"""One visibility for each role, whatever is asked for: generated, role by representation.

Every place's number is withheld and unlike any other, so that finding its digits anywhere in an
answer tells that this answer shows it.
"""

from __future__ import annotations

import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from geo_service.core import audit
from geo_service.core.accounts import keys, people
from geo_service.core.auth import ROLE_SCOPES
from geo_service.core.db import make_engine, transaction
from geo_service.core.embeds import grants
from geo_service.core.embeds.grants import Resource
from geo_service.core.embeds.tokens import signer_of
from layers.inside import NOT_PUBLIC, scope_of
from tests.builders import ORGS, SUBDISTRICTS

PERIOD = "2024"
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
    "collections": "/collections",
    "queryables": "/collections/ageing-by-subdistrict/queryables",
    "datasets": "/datasets/test-population",
    "landing": "/",
}


@pytest.fixture(scope="module")
def secret_url(databases, country_template):
    """The tiny country, every number of one indicator withheld."""
    url = databases.create("secret", template=country_template)
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
    return url


@pytest.fixture(scope="module")
def headers(secret_url):
    """A key for each account."""
    engine, made = make_engine(secret_url), {"anonymous": {}}
    with transaction(engine) as session:
        for name, (role, place) in PEOPLE.items():
            if name != "anonymous":
                people.add(session, name, role=role, place=place, password=f"{name} ลับมากทีเดียว")
                key = keys.make(session, name, label="", scopes=("read",))[0]
                made[name] = {"Authorization": f"Bearer {key}"}
    engine.dispose()
    return made


@pytest.fixture(scope="module")
def secret_client(secret_url, settings_for):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    settings = settings_for(secret_url, memory_mb=16, key_rate=1e6, key_burst=1_000_000)
    with TestClient(create_app(settings)) as opened:
        yield opened


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
    (name, level, address), shown = case, set()
    for who in PEOPLE:
        accept = {"Accept": "text/html, */*;q=0.1"} if "page" in name or "html" in name else {}
        answer = secret_client.get(address, headers=headers[who] | accept)
        assert answer.status_code in {200, 204, 404}, (who, answer.text[:500])
        assert seen_in(answer) <= MAY_SEE[who] & AT[level], who
        shown |= seen_in(answer)
    if name.startswith("tile") and level != "org":
        assert shown, "a tile with values shows them to those who may see them"


@pytest.mark.parametrize("name", ALONE)
def test_no_role_sees_more_in_what_names_no_level(secret_client, headers, name):
    for who in PEOPLE:
        accept = {"Accept": "text/html"} if name in {"gallery", "questions", "landing"} else {}
        answer = secret_client.get(ALONE[name], headers=headers[who] | accept)
        assert answer.status_code in {200, 204, 404}, (who, answer.text[:500])
        seen = seen_in(answer)
        if name.startswith(("hexbin", "forecast")):
            assert not seen, who
        assert seen <= MAY_SEE[who], who


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


# The same by what else may tell who asks, and by what else may be asked with.


@pytest.fixture(scope="module")
def cookies(secret_client, headers):
    """The cookie of a session for some accounts."""
    made = {}
    for name in SIGNED_IN:
        told = {"name": name, "password": f"{name} ลับมากทีเดียว"}
        answer = secret_client.post("/account/sign-in", json=told)
        assert answer.status_code in {200, 204}, answer.text
        made[name] = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        secret_client.cookies.clear()
    return made


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


TOKENS = {
    Resource("map", "pop_60p"): ("/embed/maps/pop_60p", "/maps/pop_60p.json", "/maps/pop_60p.csv"),
    Resource("dashboard", "ageing"): ("/embed/dashboards/ageing",),
    Resource("collection", "ageing-by-district"): (
        "/collections/ageing-by-district/items?limit=100&f=json",
        "/collections/ageing-by-district/items?limit=100&f=csv",
    ),
}


@pytest.mark.parametrize("resource", TOKENS, ids=str)
def test_a_token_shows_what_everybody_sees_whoever_made_it(
    secret_url, settings_for, headers, resource
):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    settings = settings_for(secret_url, embed_tokens=True, embed_secret=SECRET, key_burst=100_000)
    token = signer_of(settings).issue(
        grants.make(resource, ["https://www.example.go.th"]), issuer="dla"
    )[0]
    with TestClient(create_app(settings)) as client:
        for address in TOKENS[resource]:
            answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in {200, 204, 404}, (address, answer.text[:300])
            assert seen_in(answer) == set(), address
        # A token and a key beside it are no way to both.
        both = {
            "Authorization": f"Bearer {token}",
            "X-API-Key": headers["dla"]["Authorization"][7:],
        }
        for address in TOKENS[resource]:
            assert seen_in(client.get(address, headers=both)) == set(), address


#: What writes -> who may with a key; an empty body is refused only after that is settled.
#: Analysts write when they are signed in; their keys are for reading.
WRITES = {
    ("POST", "/scenarios"): {"dla", "admin"},
    ("DELETE", "/scenarios/no-such"): {"dla", "admin"},
    ("POST", "/submissions"): {"lao", "other-lao", "province", "other-province", "dla", "admin"},
    ("GET", "/manage/users"): {"admin"},
    ("GET", "/manage/audit"): {"admin"},
    ("POST", "/manage/users"): {"admin"},
}


@pytest.mark.parametrize("way", WRITES, ids=" ".join)
def test_who_may_not_write_is_told_so_and_always_alike(secret_client, writers, way):
    method, address = way
    for who in PEOPLE:
        said = {"json": {}} if method == "POST" else {}
        answer = secret_client.request(method, address, headers=writers[who], **said)
        refused = answer.status_code in {401, 403}
        assert refused == (who not in WRITES[way]), (who, answer.status_code, answer.text[:200])
        if refused:
            assert answer.status_code == (401 if who == "anonymous" else 403), who


@pytest.fixture(scope="module")
def writers(secret_url, headers):
    """A key of every scope for each account."""
    engine, made = make_engine(secret_url), {"anonymous": {}}
    with transaction(engine) as session:
        for name, (role, _) in PEOPLE.items():
            if name != "anonymous":
                key = keys.make(session, name, label="", scopes=ROLE_SCOPES[role])[0]
                made[name] = {"Authorization": f"Bearer {key}"}
    engine.dispose()
    return made


# one address, many readers.


@pytest.mark.parametrize("name", WHOLE)
def test_answers_to_insiders_are_kept_by_nobody(secret_client, headers, name):
    address = WHOLE[name].format(level="subdistrict")
    for who in ("lao", "province", "dla", "admin"):
        answer = secret_client.get(address, headers=headers[who])
        assert answer.headers["cache-control"] == "private, no-store", who
        assert "etag" not in answer.headers
        assert {"authorization", "cookie"} <= {
            one.strip().lower() for one in answer.headers["vary"].split(",")
        }


@pytest.mark.parametrize(
    "address",
    [WHOLE["items"], WHOLE["cube"], WHOLE["map-json"], PARTLY["items-html"], PARTLY["map-page"],
     ALONE["place-html"], ALONE["dashboard"], "/collections/ageing-by-{level}/downloads"],
)  # fmt: skip
def test_an_insider_is_told_that_it_is_not_for_everybody(secret_client, headers, address):
    address, html = address.format(level="org"), {"Accept": "text/html, application/json;q=0.9"}
    for who in ("lao", "dla"):
        told = secret_client.get(address, headers=headers[who] | html).text
        assert NOT_PUBLIC.th in told or NOT_PUBLIC.en in told, who
    for who in ("anonymous", "analyst"):
        told = secret_client.get(address, headers=headers[who] | html).text
        assert NOT_PUBLIC.th not in told, who


@pytest.mark.parametrize("name", WHOLE)
def test_who_asks_after_an_insider_sees_his_own(secret_client, headers, name):
    address = WHOLE[name].format(level="subdistrict")
    order = ("anonymous", "dla", "anonymous", "lao", "other-lao", "province", "anonymous", "reader")
    for who in order:
        seen = seen_in(secret_client.get(address, headers=headers[who]))
        assert seen == MAY_SEE[who] & AT["subdistrict"], who
    public = secret_client.get(address)
    assert public.status_code == 404 or "authorization" in public.headers["vary"].lower()


@pytest.mark.parametrize("name", ["items", "cube", "download-csv"])
def test_the_tag_of_another_does_not_stand_for_an_insiders_answer(secret_client, headers, name):
    address = WHOLE[name].format(level="subdistrict")
    tag = secret_client.get(address).headers["etag"]
    for good in (tag, "*"):
        answer = secret_client.get(address, headers=headers["lao"] | {"If-None-Match": good})
        if name != "download-csv" or answer.status_code != 304:
            assert answer.status_code == 200
            assert seen_in(answer) == MAY_SEE["lao"] & AT["subdistrict"]
    again = secret_client.get(address, headers={"If-None-Match": tag})
    # A download that is still being written is sent once more.
    assert again.status_code == 304 or name == "download-csv"
    assert seen_in(again) == set()


def test_a_kept_download_holds_nothing_of_an_insider(secret_client, headers, secret_url):
    address = WHOLE["download-csv"].format(level="subdistrict")
    secret_client.get(address, headers=headers["dla"])
    assert seen_in(secret_client.get(address)) == set()
    folder = secret_client.app.state.settings.data_dir
    for path in folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not any(str(number).encode() in held for number in SECRETS.values()), path


# many at once on few connections.


def test_requests_of_two_organisations_never_cross(secret_url, settings_for, headers):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    settings = settings_for(
        secret_url, insider_pool_size=2, pool_timeout_s=60.0, queue=500, queue_timeout_s=60.0,
        request_timeout_s=120.0, key_rate=1e6, key_burst=1_000_000,
    )  # fmt: skip
    asked = [("lao", "other-lao", "anonymous")[at % 3] for at in range(240)]
    address = WHOLE["items"].format(level="subdistrict")
    with TestClient(create_app(settings)) as client, ThreadPoolExecutor(24) as many:
        answers = many.map(lambda who: client.get(address, headers=headers[who]), asked)
        for who, answer in zip(asked, answers, strict=True):
            assert answer.status_code == 200
            assert seen_in(answer) == MAY_SEE[who] & AT["subdistrict"], who


# it is written down.


def test_who_saw_what_is_withheld_is_written_down(secret_client, headers, secret_url):
    address = "/maps/pop_60p.json?level=org&period=2024"
    secret_client.get(address, headers=headers["other-province"])
    secret_client.get(address, headers=headers["analyst"])
    engine = make_engine(secret_url)
    with transaction(engine) as session:
        noted = audit.read(session, audit.Wanted(action="values-seen"))
    engine.dispose()
    (one,) = [line for line in noted if line.who_name == "other-province" and "maps" in line.what]
    assert one.detail["scope"] == "province:51"
    assert "analyst" not in {line.who_name for line in noted}
    # Names of places and lists of what there is are not values.
    before = len(noted)
    secret_client.get("/collections/subdistricts/items?limit=1", headers=headers["dla"])
    engine = make_engine(secret_url)
    with transaction(engine) as session:
        assert len(audit.read(session, audit.Wanted(action="values-seen"))) == before
    engine.dispose()


def test_nobody_sees_what_cannot_be_written_down(secret_url, settings_for, headers):
    from fastapi.testclient import TestClient  # noqa: PLC0415

    from geo_service.main import create_app  # noqa: PLC0415

    app = create_app(settings_for(secret_url))
    with TestClient(app) as client:
        address = WHOLE["map-json"].format(level="org")
        assert client.get(address, headers=headers["dla"]).status_code == 200
        engine = make_engine(secret_url)
        with engine.begin() as connection:
            connection.execute(text("REVOKE INSERT ON geo.audit FROM geo_desk"))
        try:
            refused = client.get(address, headers=headers["dla"])
        finally:
            with engine.begin() as connection:
                connection.execute(text("GRANT INSERT ON geo.audit TO geo_desk"))
            engine.dispose()
        assert refused.status_code >= 500
        assert seen_in(refused) == set()


def test_the_scope_follows_from_role_and_place_alone():
    from geo_service.core.auth import Principal  # noqa: PLC0415

    def scope(role, place=None):
        return scope_of(Principal(kind="user", id="1", name="x", role=role, place=place))

    assert [scope(one) for one in ("anonymous", "reader", "analyst")] == [None] * 3
    assert scope("lao", "6500103") == "lao:6500103"
    assert scope("province", "50") == "province:50"
    assert (scope("lao"), scope("province")) == (None, None)
    assert (scope("dla"), scope("admin")) == ("dla", "admin")
