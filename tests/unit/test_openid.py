"""What a provider's token must prove; every token here is signed for the test."""

from __future__ import annotations

import base64
import json
import threading
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from geo_service.core.accounts import remote
from geo_service.core.accounts.models import OpenIdFlow
from geo_service.core.accounts.openid import Client, Provider
from geo_service.core.errors import Unauthenticated, Unavailable

ISSUER = "https://login.example.go.th"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/me",
    "jwks_uri": f"{ISSUER}/jwks",
}


def public(key, kid, **more):
    algorithm = jwt.algorithms.RSAAlgorithm if key is not EC else jwt.algorithms.ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def claims(**changed):
    now = int(time.time())
    said = {
        "iss": ISSUER, "aud": "geo", "sub": "17", "iat": now, "exp": now + 300, "nonce": "n-1",
        "email": "Somchai@DLA.go.th", "email_verified": True, "name": "สมชาย",
    } | changed  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture
def asked(monkeypatch):
    """Answers of the provider by address; a test changes them."""
    answers = {
        f"{ISSUER}/.well-known/openid-configuration": METADATA,
        f"{ISSUER}/jwks": {"keys": [public(RSA, "r"), public(EC, "e")]},
    }

    def ask(address, **_):
        answers.setdefault("asked", []).append(address)
        return answers[address]

    monkeypatch.setattr(remote, "ask_once", ask)
    return answers


@pytest.fixture
def finish(asked):
    provider = Provider(Client(ISSUER, "geo", "secret"))
    flow = OpenIdFlow(nonce="n-1", verifier="v", return_to="/maps")

    def run(token, **more):
        asked[f"{ISSUER}/token"] = {"id_token": token, **more}
        return provider.finish(flow, code="c", redirect_uri="https://geo/return")

    return run


def signed(key=RSA, kid="r", alg="RS256", **changed):
    return jwt.encode(claims(**changed), key, algorithm=alg, headers={"kid": kid})


@pytest.mark.parametrize(
    ("key", "kid", "alg"), [(RSA, "r", "RS256"), (RSA, "r", "PS256"), (EC, "e", "ES256")]
)
def test_a_token_that_the_provider_signed_for_us_is_believed(finish, key, kid, alg):
    found = finish(signed(key, kid, alg))
    assert (found.subject, found.email, found.title) == ("17", "somchai@dla.go.th", "สมชาย")
    assert found.return_to == "/maps"


def unsigned():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': 'r'})}.{part(claims())}."


def by_public_key():
    # The classical confusion: the public key, which everybody has, taken for a shared secret.
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head, body, _ = jwt.encode(claims(), "x" * 32, headers={"kid": "r"}).split(".")
    mark = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


HOUR = 3600
BAD = {
    "no signature": unsigned(),
    "signed with the public key": by_public_key(),
    "signed with our secret": jwt.encode(claims(), "secret" * 8, headers={"kid": "r"}),
    "signed by another key": signed(OTHER),
    "an unknown key": signed(RSA, "zzz"),
    "no key named": jwt.encode(claims(), RSA, algorithm="RS256"),
    "for another client": signed(aud="other"),
    "for two, and not as their party": signed(aud=["geo", "other"]),
    "handed to another party": signed(azp="other"),
    "of another issuer": signed(iss="https://evil.example"),
    "of another attempt": signed(nonce="n-2"),
    "without a nonce": signed(nonce=None),
    "expired": signed(exp=int(time.time()) - HOUR, iat=int(time.time()) - 2 * HOUR),
    "without an end": signed(exp=None),
    "not yet good": signed(nbf=int(time.time()) + HOUR),
    "of nobody": signed(sub=None),
    "altered": signed()[:-6] + "AAAAAA",
    "no token": "x",
    "empty": "",
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_a_token_that_proves_nothing_lets_nobody_in(finish, token):
    with pytest.raises(Unauthenticated):
        finish(token)


def test_an_address_that_is_not_verified_is_no_address(finish):
    assert finish(signed(email_verified=False)).email is None
    assert finish(signed(email_verified=None)).email is None
    assert finish(signed(email_verified="true")).email == "somchai@dla.go.th"


def test_what_the_provider_says_of_somebody_else_is_not_used(finish, asked):
    asked[f"{ISSUER}/me"] = {"sub": "18", "email": "x@dla.go.th", "email_verified": True}
    assert finish(signed(email=None), access_token="t").email is None
    asked[f"{ISSUER}/me"] = {"sub": "17", "email": "x@dla.go.th", "email_verified": True}
    assert finish(signed(email=None, email_verified=None), access_token="t").email == "x@dla.go.th"


def test_a_key_that_is_new_is_asked_for_once_more(finish, asked):
    finish(signed())
    asked[f"{ISSUER}/jwks"] = {"keys": [public(OTHER, "new")]}
    assert finish(signed(OTHER, "new")).subject == "17"
    assert asked["asked"].count(f"{ISSUER}/jwks") == 2


def test_a_provider_that_names_itself_otherwise_is_not_believed(finish, asked):
    asked[f"{ISSUER}/.well-known/openid-configuration"] = {**METADATA, "issuer": ISSUER + "/"}
    with pytest.raises(Unavailable):
        finish(signed())


@pytest.mark.parametrize(
    "address", ["http://login.example.go.th", "file:///etc/passwd", "", "ftp://x"]
)
def test_a_provider_is_asked_by_https_or_on_this_machine_alone(address):
    with pytest.raises(Unavailable):
        remote.safe(address)
    assert remote.safe("http://127.0.0.1:9000")


def test_what_no_database_takes_is_left_out_of_names(finish):
    found = finish(
        signed(name="สม\x00ชาย\ud800", email="a\x00@dla.go.th", preferred_username=["x"])
    )
    assert (found.title, found.email) == ("สมชาย?", "a@dla.go.th")
    assert finish(signed(name={"a": 1}, email_verified=["true"])).email is None


@pytest.mark.parametrize("keys", [None, {}, "x", [1, None, []], [{"kid": "r", "kty": "RSA"}]])
def test_keys_that_are_none_let_nobody_in(finish, asked, keys):
    asked[f"{ISSUER}/jwks"] = {"keys": keys}
    with pytest.raises(Unauthenticated):
        finish(signed())


def test_a_provider_that_failed_is_left_alone_for_a_moment(monkeypatch):
    asked = []

    def ask(address, **_):
        asked.append(address)
        raise Unavailable(remote.UNREACHABLE)

    monkeypatch.setattr(remote, "ask_once", ask)
    clock = [100.0]
    monkeypatch.setattr(remote.time, "monotonic", lambda: clock[0])
    one = remote.Remote()
    for _ in range(3):
        with pytest.raises(Unavailable):
            one.ask("https://x")
    assert len(asked) == 1
    clock[0] += remote._RESTS_S
    with pytest.raises(Unavailable):
        one.ask("https://x")
    assert len(asked) == 2


def test_few_wait_for_a_provider_that_hangs(monkeypatch):
    hung, go_on = threading.Semaphore(0), threading.Event()

    def hang(*_, **__):
        hung.release()
        go_on.wait(10)
        return {}

    monkeypatch.setattr(remote, "ask_once", hang)
    monkeypatch.setattr(remote, "_LONGEST_WAIT_S", 0.01)
    one = remote.Remote()
    waiting = [threading.Thread(target=one.ask, args=("https://x",)) for _ in range(2)]
    for thread in waiting:
        thread.start()
        assert hung.acquire(timeout=10)
    with pytest.raises(Unavailable):
        one.ask("https://x")
    go_on.set()
    for thread in waiting:
        thread.join(10)
    assert one.ask("https://x") == {}


def test_a_provider_that_does_not_answer_is_an_outage():
    with pytest.raises(Unavailable):
        remote.ask_once("http://127.0.0.1:9/nobody")
