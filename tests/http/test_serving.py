"""The service answers over a real socket, and its pages ask no other host."""

from __future__ import annotations

import urllib.request

import pytest


def test_a_running_service_is_alive_and_ready(live_server):
    for path in ("/healthz", "/readyz"):
        with urllib.request.urlopen(live_server + path, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200


def test_the_test_client_reads_the_tiny_country(client):
    answer = client.get("/collections/provinces/items", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert {feature["id"] for feature in answer.json()["features"]} == {"50", "51"}


@pytest.mark.browser
def test_the_browser_sees_when_a_page_asks_another_host(browser_page):
    browser_page.set_content("<img src='http://example.org/x.png'>", wait_until="load")
    assert "asked another host: http://example.org/x.png" in browser_page.problems
    browser_page.problems.clear()
