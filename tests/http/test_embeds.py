"""Embed tokens: what opens, what does not, and what is never opened.

Forged tokens are made here with PyJWT, by hand where PyJWT would refuse to.
"""

from __future__ import annotations

import base64
import hmac
import json
import time

import jwt
import pytest
from sqlalchemy import text

from geo_service.core.accounts import keys, people
from geo_service.core.db import transaction
from geo_service.core.embeds import grants, revocations
from geo_service.core.embeds.grants import Resource
from geo_service.core.embeds.revocations import REREAD_S, revoke
from geo_service.core.embeds.tokens import ALGORITHM, signer_of
from geo_service.core.errors import BadParameter
from geo_service.main import create_app

SECRET = "kX9-vQ2_mT7bLr4wZ8nYc5hJd3fGp6sA1uEo0iRtKy"
OLDER = "Wq7_zP1-xN5kVb9sMj2tHf6cLg8dRy3aOe4uIiCv0B"
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----
"""
PAGE = "https://www.example.go.th"
MAP = Resource("map", "waste_gen_rate")
OPENED = (
    "/embed/maps/waste_gen_rate?level=province",
    "/maps/waste_gen_rate.json?level=province",
    "/maps/waste_gen_rate.csv?level=province",
    "/maps/waste_gen_rate/legend.json?level=province",
    "/tiles/provinces/6/50/29.mvt?properties=code",
)
#: Another map, everything of the same map that is locked, other layers, exports, people's pages.
NOT_OPENED = (
    "/maps/pop_60p.json?level=province",
    "/embed/maps/pop_60p?level=province",
    "/maps/waste_gen_rate.json",
    "/maps/waste_gen_rate.json?level=district",
    "/maps/waste_gen_rate.json?level=province&level=district",
    "/maps/waste_gen_rate.json?level=province&area=50",
    "/maps/waste_gen_rate.json?level=province&period=2023",
    "/maps/waste_gen_rate?level=province",
    "/maps",
    "/tiles/districts/6/50/29.mvt?properties=code",
    "/tiles/provinces/6/50/29.mvt",
    "/tiles/waste-by-province/6/50/29.mvt?properties=code",
    "/tiles/provinces/6/50/29.mvt?properties=code,name_th",
    "/collections",
    "/collections/provinces/items",
    "/collections/waste-by-province/items",
    "/collections/provinces/downloads/provinces.csv",
    "/hexbins/waste_gen_rate?resolution=5",
    "/cube?measures=waste_gen_rate&rows=province&f=json",
    "/places/50",
    "/forecasts/waste_gen_rate",
    "/embed/dashboards/waste",
    "/dashboards",
    "/account",
    "/manage/users",
    "/metrics",
    "/",
)


@pytest.fixture
def embedding(client_of, country_engine):
    return client_of(country_engine, embed_tokens=True, embed_secret=SECRET, key_burst=10_000)


@pytest.fixture
def signer(settings_for):
    return signer_of(settings_for("postgresql://nowhere/x", embed_tokens=True, embed_secret=SECRET))


def grant(resource=MAP, **told):
    return grants.make(resource, [PAGE], **{"locked": {"level": "province"}, **told})


@pytest.fixture
def token(signer):
    return signer.issue(grant(), issuer="web")[0]


#: Where a header is longer than any may be, the server says so first.
REFUSED = {401, 403, 414, 431}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def b64(said):
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def key_of(signer):
    return signer._keys[signer.kid]


def test_a_token_opens_its_map_and_what_the_map_loads(embedding, token):
    for address in OPENED:
        answer = embedding.get(address, headers=bearer(token))
        assert answer.status_code in {200, 204}, address
        assert "no-store" in answer.headers["cache-control"], address
        assert "access-control-allow-origin" not in answer.headers, address


def test_a_token_opens_nothing_else(embedding, token):
    for address in NOT_OPENED:
        answer = embedding.get(address, headers=bearer(token))
        assert answer.status_code == 403, address
        assert len(answer.content) < 2_000, address
    for method in ("POST", "PUT", "DELETE"):
        answer = embedding.request(method, OPENED[1], headers=bearer(token))
        assert answer.status_code == 403, method
    assert embedding.post("/embed/tokens", headers=bearer(token), json={}).status_code == 403


def test_what_everybody_sees_is_what_a_token_shows(embedding, token):
    address = OPENED[1]
    everybodys, framed = embedding.get(address), embedding.get(address, headers=bearer(token))
    assert framed.json()["places"] == everybodys.json()["places"]


def forged(signer, token):
    claims, key, kid = claims_of(token), key_of(signer), signer.kid
    head = {"alg": ALGORITHM, "typ": "JWT", "kid": kid}
    now = int(time.time())

    def signed(head, told, key=key):
        hashed = "sha512" if head.get("alg") == "HS512" else "sha256"
        unsigned = f"{b64(head)}.{b64(told)}"
        mark = hmac.new(key, unsigned.encode(), hashed).digest()
        return f"{unsigned}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"

    def made(key=key, kid=kid, alg=ALGORITHM, **changed):
        told = {name: value for name, value in {**claims, **changed}.items() if value is not ...}
        return signed({**head, "kid": kid, "alg": alg}, told, key)

    header, body, signature = token.split(".")
    other = b64({**claims, "locked": {}})
    return {
        "garbage": "a.b.c",
        "dots": "..",
        "no algorithm": f"{b64({**head, 'alg': 'none'})}.{body}.",
        "No algorithm": f"{b64({**head, 'alg': 'NoNe'})}.{body}.{signature}",
        "another algorithm, signed": made(alg="HS512"),
        "RS256 in the header": f"{b64({**head, 'alg': 'RS256'})}.{body}.{signature}",
        "a public key as the secret": f"{b64({**head, 'jwk': {'kty': 'oct', 'k': 'AA'}})}.{body}."
        f"{signature}",
        "signed with the text of a public key": made(key=PUBLIC_KEY.encode()),
        "signed so, as RS256": made(key=PUBLIC_KEY.encode(), alg="RS256"),
        "no signature": f"{header}.{body}.",
        "half a signature": token[:-8],
        "the lock edited": f"{header}.{other}.{signature}",
        "another secret": made(key=b"0" * 32),
        "the secret itself as the key": made(key=SECRET.encode()),
        "a kid that climbs": made(kid="../../../../dev/null"),
        "a kid that asks": made(kid="' UNION SELECT 'x"),
        "a kid that is a number": f"{b64({**head, 'kid': 7})}.{body}.{signature}",
        "no kid": signed({"alg": ALGORITHM, "typ": "JWT"}, claims),
        "an address in the header": signed({**head, "jku": "http://127.0.0.1:1/k"}, claims),
        "very long": f"{header}.{body}{'A' * 200_000}.{signature}",
        "expired": made(iat=now - 1000, nbf=now - 1000, exp=now - 100),
        "from the future": made(nbf=now + 600, iat=now + 600, exp=now + 900),
        "not yet good": made(nbf=now + 60),
        "lasting a day": made(exp=now + 86_400),
        "without an end": made(exp=...),
        "an end that is a word": made(exp="never"),
        "for somebody else": made(aud="account"),
        "for two": made(aud=["embed", "account"]),
        "for nobody": made(aud=...),
        "from elsewhere": made(iss="https://evil.example"),
        "from nobody": made(iss=...),
        "without a name": made(jti=...),
        "a resource of no kind": made(res={"kind": "admin", "id": "x"}),
        "a resource that is a list": made(res=["map"]),
        "an origin with a policy in it": made(origins=["https://a.example; script-src *"]),
        "no origins": made(origins=[]),
        "origins that are numbers": made(origins=[1]),
        "locks that are a list": made(locked=["level"]),
    }


def test_whatever_is_wrong_with_a_token_it_is_refused_and_shows_nothing(embedding, signer, token):
    for what, said in forged(signer, token).items():
        for address in (OPENED[1], "/collections", f"/embed/open?token={said[:9_000]}"):
            headers = {} if "open" in address else bearer(said)
            answer = embedding.get(address, headers=headers)
            assert answer.status_code in REFUSED, (what, address)
            assert len(answer.content) < 6_000, (what, address)
            assert said not in answer.text, (what, address)
            for shown in ('"places"', '"collections"', "map-data"):
                assert shown not in answer.text, (what, address)


def test_a_token_of_another_installation_is_not_good_here(embedding, settings_for):
    elsewhere = signer_of(
        settings_for(
            "postgresql://nowhere/x", embed_tokens=True, embed_secret=SECRET,
            public_url="https://other.example",
        )
    )  # fmt: skip
    said = elsewhere.issue(grant(), issuer="web")[0]
    assert embedding.get(OPENED[1], headers=bearer(said)).status_code == 401


def test_two_credentials_are_none(embedding, token):
    answer = embedding.get(
        OPENED[1],
        headers=[("Authorization", f"Bearer {token}"), ("Authorization", "Bearer gk_x_y")],
    )
    assert answer.status_code == 401


def test_where_tokens_are_not_switched_on_none_is_good(client, token):
    assert client.get(OPENED[1], headers=bearer(token)).status_code == 401
    assert client.get(f"/embed/open?token={token}").status_code == 401


def test_the_page_of_a_token_is_for_its_origins_and_kept_by_nobody(embedding, token):
    for answer in (
        embedding.post("/embed/open", data={"token": token}),
        embedding.get("/embed/open", params={"token": token}),
    ):
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {PAGE}")
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "etag" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert embedding.get("/embed/open").status_code == 401
    assert embedding.post("/embed/open", data={"token": ""}).status_code == 401


def test_a_page_takes_what_is_editable_and_refuses_what_is_locked(embedding, signer):
    said = signer.issue(grant(editable=["period"]), issuer="web")[0]
    opened = embedding.post("/embed/open", data={"token": said, "period": "2023"})
    assert opened.status_code == 200
    for changed in ({"level": "district"}, {"area": "50"}, {"points": "orgs"}, {"x": "1"}):
        answer = embedding.post("/embed/open", data={"token": said, **changed})
        assert answer.status_code == 403, changed
    address = "/maps/waste_gen_rate.json?level=province&period=2023"
    assert embedding.get(address, headers=bearer(said)).status_code == 200


def test_a_panel_is_one_panel_of_one_dashboard(embedding, signer):
    panel = Resource("panel", "executive", 1)
    said = signer.issue(grants.make(panel, [PAGE], locked={"place": "50"}), issuer="web")[0]
    answer = embedding.post("/embed/open", data={"token": said})
    known = embedding.get("/embed/dashboards/executive?place=50&panel=1").status_code
    assert answer.status_code == known
    for address in (
        "/embed/dashboards/executive?place=50", "/embed/dashboards/executive?place=50&panel=2",
        "/embed/dashboards/executive?place=51&panel=1", "/dashboards/executive?place=50&panel=1",
    ):  # fmt: skip
        assert embedding.get(address, headers=bearer(said)).status_code == 403, address


def test_a_collection_is_read_with_its_locked_filter_or_not_at_all(embedding, signer):
    made = grants.make(Resource("collection", "districts"), [PAGE], locked={"province_code": "50"})
    said = signer.issue(made, issuer="web")[0]
    base = "/collections/districts"
    whole = embedding.get(f"{base}/items?province_code=50&limit=9", headers=bearer(said))
    assert {one["properties"]["province_code"] for one in whole.json()["features"]} == {"50"}
    assert embedding.get(base, headers=bearer(said)).status_code == 200
    for address in (
        f"{base}/items", f"{base}/items?province_code=51", f"{base}/items/5101",
        f"{base}/items?province_code=50&filter=1=1", f"{base}/downloads/districts.csv",
        "/tiles/districts/6/50/29.mvt", "/collections/provinces/items?province_code=50",
    ):  # fmt: skip
        assert embedding.get(address, headers=bearer(said)).status_code == 403, address


def test_memory_gives_nobody_what_was_made_for_a_token(embedding, token):
    address = OPENED[1]
    first = embedding.get(address)
    assert embedding.get(address, headers=bearer(token)).status_code == 200
    again = embedding.get(address)
    assert again.headers["cache-control"] == first.headers["cache-control"]
    # A tag of the public answer brings no 304 to one who may not have it.
    stale = bearer(token) | {"If-None-Match": embedding.get("/maps/pop_60p.json").headers["etag"]}
    assert embedding.get("/maps/pop_60p.json", headers=stale).status_code == 403


@pytest.fixture
def key(country_engine):
    with transaction(country_engine) as session:
        people.add(session, "web", role="reader", password=None)
        people.add(session, "boss", role="admin", password=None)
        made = {
            name: keys.make(session, name, scopes=scopes, days=1, label="")
            for name, scopes in (("web", ["read"]), ("boss", ["read", "manage"]))
        }
    return {name: bearer(one[0]) for name, one in made.items()}


WANTED = {
    "resource": {"kind": "map", "id": "waste_gen_rate"},
    "locked": {"level": "province"}, "origins": [PAGE], "lang": "en", "seconds": 300,
}  # fmt: skip


def lines(engine, action):
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT outcome, who_name, what, detail FROM audit WHERE action = :action"),
            {"action": action},
        )
        return [tuple(row) for row in rows]


def test_a_key_gets_a_token_and_that_is_noted_without_the_token(embedding, key, country_engine):
    answer = embedding.post("/embed/tokens", headers=key["web"], json=WANTED)
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["cache-control"] == "private, no-store"
    assert embedding.get(OPENED[1], headers=bearer(told["token"])).status_code == 200
    [(outcome, who, what, detail)] = lines(country_engine, "token-issued")
    assert (outcome, who, what) == ("done", "web", "map:waste_gen_rate")
    assert detail["jti"] == told["jti"]
    assert told["token"] not in json.dumps(detail)


def test_nobody_gets_a_token_and_no_token_is_wider_than_can_be_held(embedding, key):
    assert embedding.post("/embed/tokens", json=WANTED).status_code == 401
    for changed in (
        {"origins": []}, {"origins": ["*"]}, {"origins": ["https://*.example.go.th"]},
        {"origins": [f"{PAGE}/path"]}, {"origins": ["javascript:alert(1)"]},
        {"origins": ["https://a.example 'unsafe-inline'"]}, {"seconds": 901}, {"seconds": 0},
        {"seconds": True}, {"resource": {"kind": "admin", "id": "x"}}, {"resource": "map"},
        {"resource": {"kind": "map", "id": "../manage"}}, {"locked": {"token": "x"}},
        {"locked": {"level": ""}}, {"editable": ["level"]}, {"lang": "de"}, {"strange": 1},
        {"locked": {"level": "hexbin", "area": "50"}},
    ):  # fmt: skip
        answer = embedding.post("/embed/tokens", headers=key["web"], json={**WANTED, **changed})
        assert answer.status_code == 400, changed


def test_a_revoked_token_or_key_is_refused_here_at_once_and_elsewhere_within_a_minute(  # noqa: PLR0917
    embedding, key, client_of, country_engine, monkeypatch
):
    elsewhere = client_of(country_engine, embed_tokens=True, embed_secret=SECRET)
    told = embedding.post("/embed/tokens", headers=key["web"], json=WANTED).json()
    other = embedding.post("/embed/tokens", headers=key["web"], json=WANTED).json()
    asked = bearer(told["token"])
    assert elsewhere.get(OPENED[1], headers=asked).status_code == 200
    assert embedding.post(
        "/embed/tokens/revoke", headers=key["web"], json={"jti": told["jti"]}
    ).status_code == 403  # fmt: skip
    own = embedding.post("/embed/tokens/revoke", headers=key["web"], json={"token": told["token"]})
    assert own.json() == {"revoked": {"jti": told["jti"]}}
    assert embedding.get(OPENED[1], headers=asked).status_code == 401
    assert embedding.get(OPENED[1], headers=bearer(other["token"])).status_code == 200

    later = time.monotonic() + REREAD_S + 0.1
    assert REREAD_S < 60
    monkeypatch.setattr(revocations.time, "monotonic", lambda: later)
    assert elsewhere.get(OPENED[1], headers=asked).status_code == 401
    assert elsewhere.get(OPENED[1], headers=bearer(other["token"])).status_code == 200
    gone = embedding.post("/embed/tokens/revoke", headers=key["boss"], json={"kid": other["kid"]})
    assert gone.status_code == 200
    assert embedding.get(OPENED[1], headers=bearer(other["token"])).status_code == 401
    assert len(lines(country_engine, "token-revoked")) == 2
    assert lines(country_engine, "token-refused")


def test_when_it_cannot_be_known_what_was_revoked_no_token_is_good(signer, token):
    from geo_service.core.db import make_engine  # noqa: PLC0415
    from geo_service.core.errors import Unavailable  # noqa: PLC0415

    known = revocations.Revocations(make_engine("postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(Unavailable):
        known.check(signer.read(token))


def test_old_names_of_tokens_go_when_another_is_revoked_and_keys_stay(country_engine):
    with transaction(country_engine) as session:
        revoke(session, "jti", "old", by="x")
        revoke(session, "kid", "key", by="x")
        session.execute(text("UPDATE embed_revocation SET revoked_at = now() - interval '2 days'"))
        revoke(session, "jti", "new", by="x")
        found = session.execute(text("SELECT name FROM embed_revocation ORDER BY name"))
        assert found.scalars().all() == ["key", "new"]


@pytest.mark.parametrize(
    "secret",
    [None, "", " " * 40, "short", "secret" * 8, "a" * 64, "changeme-changeme-changeme-changeme",
     "abcabcabcabcabcabcabcabcabcabcabcabc", SECRET[:31]],
)  # fmt: skip
def test_the_service_does_not_start_with_a_secret_that_can_be_guessed(settings_for, secret):
    settings = settings_for("postgresql://nowhere/x", embed_tokens=True, embed_secret=secret)
    with pytest.raises(BadParameter, match="GEO_EMBED_SECRET"):
        create_app(settings)


def test_tokens_of_the_secret_before_are_good_until_they_expire(client_of, country_engine, token):
    service = client_of(
        country_engine, embed_tokens=True, embed_secret=OLDER, embed_secret_before=SECRET
    )
    assert service.get(OPENED[1], headers=bearer(token)).status_code == 200


def test_tokens_stand_in_no_log(embedding, token, caplog):
    caplog.set_level("DEBUG")
    embedding.get("/embed/open", params={"token": token})
    embedding.get("/embed/open", params={"token": f"{token}x"})
    embedding.get(OPENED[1], headers=bearer(token))
    ours = [one for one in caplog.records if not one.name.startswith("http")]
    assert all(token not in f"{one.getMessage()} {one.__dict__}" for one in ours)


def test_the_doctor_names_the_cause_in_both_languages(embedding, signer, token):
    expired = jwt.encode(
        {**claims_of(token), "iat": 1, "nbf": 1, "exp": 100}, key_of(signer), algorithm=ALGORITHM,
        headers={"kid": signer.kid},
    )  # fmt: skip
    here = "http://testserver"
    cases = {
        ("not listed", "ไม่อยู่ในรายการ"): {"token": token, "origin": "https://other.example"},
        ("has expired", "หมดอายุ"): {"token": expired},
        ("altered", "ถูกแก้ไข"): {"token": f"{token}x"},
        ("mixed content", "mixed content"): {"origin": PAGE, "address": f"{here}/embed/maps/x"},
        ("frame-src", "frame-src"): {"policy": "default-src 'self'"},
        ("form-action", "form-action"): {"policy": f"frame-src {here}; form-action 'self'"},
        ("no embed page", "ไม่ใช่หน้าฝัง"): {"address": f"{here}/maps/x"},
        ("Nothing is wrong", "ไม่พบสาเหตุ"): {"token": token, "origin": PAGE.replace("s:", "s:")},
    }
    for words, told in cases.items():
        for lang, said in zip(("en", "th"), words, strict=True):
            answer = embedding.post("/embed/doctor", data={"lang": lang, **told})
            assert answer.status_code == 200
            found = answer.text.partition('class="found"')[2].partition("</section>")[0]
            if said not in {"Nothing is wrong", "ไม่พบสาเหตุ"}:
                assert said in found, (said, told)
            assert told.get("token", "no such token") not in answer.text
    assert embedding.get("/embed/doctor?lang=th").status_code == 200
