"""What planners ask: answered where the data are there, and named openly where they are not."""

from __future__ import annotations

import re


def part(page, name):
    found = re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', page, re.DOTALL)
    return found[1] if found else ""


def test_a_question_without_its_data_is_no_link_but_says_what_is_missing(client):
    page = client.get("/questions?lang=en").text
    assert 'href="/maps/waste_gen_rate?level=org&amp;lang=en"' in page
    assert "/forecasts/oaa_cost" not in page
    unfed = part(page, "unfed")
    assert "How much will old-age allowances cost" in unfed
    assert "No data yet of oaa_cost" in unfed
    assert "How much will old-age allowances cost" not in part(page, "waiting")


def test_all_thirty_four_questions_are_listed_once(client):
    for lang in ("th", "en"):
        page = client.get(f"/questions?lang={lang}").text
        answered = re.search(r'<ol class="asked">(.*?)</ol>', page, re.DOTALL)[1]
        count = answered.count("<li>")
        count += sum(part(page, name).count("<li>") for name in ("unfed", "waiting"))
        assert count == 34
