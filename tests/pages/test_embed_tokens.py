"""Frames that a token opens, in Chromium: two sites, two ports, and messages between them."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from geo_service.core.embeds import grants
from geo_service.core.embeds.grants import Resource
from geo_service.core.embeds.tokens import signer_of
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

SECRET = "kX9-vQ2_mT7bLr4wZ8nYc5hJd3fGp6sA1uEo0iRtKy"
OURS = {"embed_tokens": True, "embed_secret": SECRET, "key_burst": 10_000}
HOST = """<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>around</title>
<div id="map"></div><script src="{service}/static/embed/v1.js"></script><script>
window.heard = [];
window.token = {token};
window.map = GeoEmbed.show("#map", {{
  service: "{service}", tokens: async () => window.token, title: "map",
}});
for (const one of ["ready", "height", "state", "select", "error"]) {{
  map.on(one, (said) => heard.push([one, said]));
}}
</script></html>"""


@contextmanager
def other_site():
    """Serve one page of somebody else; its content is set before it is asked for."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get("html", "").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(scope="module")
def service(serve, country_url, settings_for):
    address = serve(settings_for(country_url, **OURS))
    # A light answer that takes long at the start, on a busy machine, would be a 504.
    wait_until(lambda: httpx2.get(f"{address}/static/embed/v1.js").is_success)
    return address


@pytest.fixture
def signer(settings_for, country_url):
    return signer_of(settings_for(country_url, **OURS))


@pytest.fixture
def site():
    with other_site() as made:
        yield made


def token_for(signer, origin, **told):
    told = {"locked": {"level": "province"}, "editable": ["period"]} | told
    made = grants.make(Resource("map", "waste_gen_rate"), [origin], lang="en", **told)
    return signer.issue(made, issuer="test")[0]


def show(page, site, service, token):
    origin, pages = site
    pages["html"] = HOST.format(service=service, token=json.dumps(token))
    page.goto(origin)
    return origin


def heard(page, kind, condition="true"):
    found = page.wait_for_function(
        f"heard.map(([one, said]) => one === '{kind}' && said).find((said) => said && {condition})"
    )
    return found.json_value()


def test_a_frame_shows_its_map_in_the_listed_site_and_speaks_with_it(
    browser_page, service, signer, site
):
    asked = []

    def note(request):
        asked.append(request)

    browser_page.on("request", note)
    token = token_for(signer, site[0])
    show(browser_page, site, service, token)
    ready = heard(browser_page, "ready")
    assert ready["editable"] == ["period"]
    assert heard(browser_page, "height")["height"] > 300
    frame = browser_page.frames[1]
    frame.wait_for_selector("html[data-map=ready]")
    assert frame.get_attribute("html", "lang") == "en"

    browser_page.evaluate("map.setState({ select: '50' })")
    assert heard(browser_page, "select")["code"] == "50"
    before = ready["state"]["period"]
    other = frame.evaluate(f"AtlasMap.data.periods.find((one) => one.key !== '{before}').key")
    browser_page.evaluate(f"map.setState({{ period: '{other}' }})")
    heard(browser_page, "state", f"said.state.period === '{other}'")
    browser_page.evaluate("map.setState({ level: 'district' })")
    assert heard(browser_page, "error", "said.code === 'locked'")["names"] == ["level"]

    browser_page.evaluate("heard.length = 0; map.setLanguage('th')")
    assert heard(browser_page, "ready")["lang"] == "th"
    assert "level=district" not in browser_page.frames[1].url
    for one in asked:
        assert token not in one.url
        assert token not in one.headers.get("referer", "")
        data = one.url.startswith(service) and one.resource_type in {"fetch", "xhr"}
        if data and "/static/" not in one.url:
            assert one.headers["authorization"] == f"Bearer {token}", one.url
    assert browser_page.context.cookies() == []


def test_a_site_that_is_not_listed_gets_an_empty_frame(browser_page, service, signer, site):
    show(browser_page, site, service, token_for(signer, "https://www.example.go.th"))
    browser_page.wait_for_timeout(1500)
    assert browser_page.evaluate("heard.filter(([one]) => one === 'ready').length") == 0
    assert any("frame-ancestors" in one for one in browser_page.problems)
    browser_page.problems.clear()


def test_the_same_host_at_another_port_is_another_site(browser_page, service, signer, site):
    with other_site() as second:
        show(browser_page, second, service, token_for(signer, site[0]))
        browser_page.wait_for_timeout(1500)
        assert browser_page.evaluate("heard.length") == 0
        assert any("frame-ancestors" in one for one in browser_page.problems)
        browser_page.problems.clear()


def test_messages_of_other_windows_and_origins_are_not_heard(browser_page, service, signer, site):
    show(browser_page, site, service, token_for(signer, site[0]))
    heard(browser_page, "ready")
    frame = browser_page.frames[1]
    frame.wait_for_selector("html[data-map=ready]")
    was = frame.evaluate("AtlasMap.data.period")
    # By itself, from its own origin, and pretending to be the page around.
    frame.evaluate(
        "new Promise((done) => { addEventListener('message', () => done(), { once: true });"
        " postMessage({ type: 'atlas:lang', lang: 'th' }, '*'); })"
    )
    frame.evaluate(
        "dispatchEvent(new MessageEvent('message', { source: window.parent,"
        " origin: 'https://evil.example', data: { type: 'atlas:lang', lang: 'th' } }))"
    )
    assert frame.evaluate("AtlasMap.data.period") == was
    assert frame.get_attribute("html", "lang") == "en"
    # And the page around hears nobody but its frame.
    before = browser_page.evaluate("heard.length")
    browser_page.evaluate(
        "new Promise((done) => { addEventListener('message', () => done(), { once: true });"
        " postMessage({ type: 'atlas:height', height: 3000 }, '*'); })"
    )
    assert browser_page.evaluate("heard.length") == before


def test_a_token_that_ended_is_renewed_by_a_message_and_the_map_goes_on(
    browser_page, service, signer, site
):
    show(browser_page, site, service, token_for(signer, site[0]))
    ready = heard(browser_page, "ready")
    frame = browser_page.frames[1]
    frame.wait_for_selector("html[data-map=ready]")
    fresh = token_for(signer, site[0])
    # What the frame holds is no good any more; the helper asks for another when it is told so.
    browser_page.evaluate("map.setToken('aaaa.bbbb.cccc'); heard.length = 0")
    browser_page.evaluate(f"window.token = {json.dumps(fresh)}")
    other = frame.evaluate(
        f"AtlasMap.data.periods.find((one) => one.key !== '{ready['state']['period']}').key"
    )
    browser_page.evaluate(f"map.setState({{ period: '{other}' }})")
    heard(browser_page, "error", "said.code === 'token-refused'")
    heard(browser_page, "state", f"said.state.period === '{other}'")
    assert all("401" in one for one in browser_page.problems)
    browser_page.problems.clear()


def test_a_frame_without_scripts_around_it_takes_its_token_out_of_the_address(
    browser_page, service, signer, site
):
    origin, pages = site
    token = token_for(signer, origin)
    pages["html"] = (
        f'<link rel="icon" href="data:,"><iframe src="{service}/embed/open?token={token}"'
        ' width="800" height="600"></iframe>'
    )
    browser_page.goto(origin)
    frame = browser_page.frames[1]
    frame.wait_for_selector("html[data-map=ready]")
    assert frame.evaluate("location.search") == ""
    assert token not in frame.content()


def test_a_panel_of_a_dashboard_opens_by_token(browser_page, service, signer, site):
    made = grants.make(Resource("panel", "executive", 1), [site[0]], locked={"place": "50"})
    show(browser_page, site, service, signer.issue(made, issuer="test")[0])
    assert heard(browser_page, "ready")["editable"] == []
    assert browser_page.frames[1].locator(".panels > *").count() == 1


def test_every_page_sends_a_policy_with_a_nonce_or_without_inline_scripts(browser_page, service):
    for path in ("/embed/doctor", "/embed/demo", "/embed/dashboards/executive", "/"):
        answer = browser_page.goto(f"{service}{path}?lang=en")
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'none'" in policy, path
        assert "set-cookie" not in answer.headers, path


def test_a_collection_opens_by_token_as_a_table_of_what_is_locked(
    browser_page, service, signer, site
):
    made = grants.make(
        Resource("collection", "districts"), [site[0]], locked={"province_code": "50"}
    )
    show(browser_page, site, service, signer.issue(made, issuer="test")[0])
    assert heard(browser_page, "ready")["editable"] == []
    frame = browser_page.frames[1]
    frame.wait_for_selector("html[data-items=ready]")
    codes = frame.locator("#items tbody td:first-child").all_inner_texts()
    assert codes
    assert all(code.startswith("50") for code in codes)
    assert str(len(codes)) in frame.locator("#items-told").inner_text()
