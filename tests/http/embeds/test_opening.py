"""Embed tokens: what they open, what they do not, and what is never opened.

Forged tokens are made here with PyJWT, by hand where PyJWT would refuse to.
"""

from __future__ import annotations

import base64
import hmac
import time

from geo_service.core.embeds import grants
from geo_service.core.embeds.grants import Resource
from geo_service.core.embeds.tokens import ALGORITHM, signer_of
from tests.embedding import (
    OPENED,
    PAGE,
    REFUSED,
    SECRET,
    b64,
    bearer,
    claims_of,
    grant,
    key_of,
)

PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----
"""


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
