"""Handing in a file in a browser: in both languages, on a phone, and for axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from geo_service.core.accounts import people
from geo_service.core.db import make_engine, transaction
from tests.desk import PASSWORD, SOME_BAD
from tests.readers import all_faults, width_of
from tests.waste_report import BY_LEVEL

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(*, databases, country_template, settings_for, serve, tmp_path_factory):
    url = databases.create("submission_pages", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        people.add(session, "somsri", role="admin", password=PASSWORD)
    engine.dispose()
    folder = tmp_path_factory.mktemp("submissions")
    (folder / "recipes").mkdir()
    (folder / "recipes" / "a-mine.toml").write_text(BY_LEVEL, encoding="utf-8")
    return serve(settings_for(url, data_dir=folder))


def check(page, width):
    assert width_of(page) == width
    assert not all_faults(page)


@pytest.mark.parametrize(("lang", "width"), [("th", 360), ("en", 1280)])
def test_a_file_is_sent_checked_and_refused_in_a_browser(
    *, browser_page, address, lang, width, tmp_path
):
    page = browser_page
    page.set_viewport_size({"width": width, "height": 760})
    page.goto(f"{address}/account?lang={lang}&next=/submissions")
    page.fill("input[name=name]", "somsri")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto(f"{address}/submissions?lang={lang}")
    check(page, width)
    (tmp_path / "ขยะ.csv").write_text(SOME_BAD, encoding="utf-8")
    page.select_option("select[name=recipe]", "a-mine")
    page.set_input_files("input[name=file]", str(tmp_path / "ขยะ.csv"))
    send = page.get_by_role("button", name={"th": "ส่งไฟล์", "en": "Send"}[lang], exact=True)
    # one that is too large is told before it is sent, and nothing is lost
    most = page.evaluate("(form => [form.dataset.most, form.dataset.most = 10][0])(send)")
    send.click()
    expect(page.locator("#not-sent")).to_contain_text("100 MB")
    page.evaluate("most => { document.getElementById('send').dataset.most = most }", most)
    send.dblclick()
    expect(page.locator("h1")).to_have_text("ขยะ.csv")
    expect(page.locator("#report-title")).to_be_visible(timeout=60_000)
    expect(page.locator("tbody")).to_contain_text("ไม่มีจริง")
    # sums in words of the catalogue, not in those of the loader
    expect(page.locator(".is-wide")).to_contain_text({"th": "ตัน/วัน", "en": "t/day"}[lang])
    expect(page.locator("main")).not_to_contain_text("waste_gen_tpd")
    check(page, width)
    listed = page.request.get(f"{address}/submissions?f=json").json()["submissions"]
    assert [one["file"]["name"] for one in listed if one["state"] == "submitted"] == ["ขยะ.csv"]
    page.get_by_role(
        "button", name={"th": "ยืนยันว่าตรวจแล้ว", "en": "Mark as checked"}[lang]
    ).dblclick()
    state = {"th": "ตรวจแล้ว รอเผยแพร่", "en": "checked, waiting to be published"}[lang]
    expect(page.locator(".state .badge").first).to_have_text(state)
    # what is not taken back is asked for twice
    withdraw = {"th": "ถอนไฟล์นี้", "en": "Withdraw"}[lang]
    page.locator(".steps summary", has_text=withdraw).click()
    gone = {"th": "ถูกลบจากระบบ", "en": "is deleted here"}[lang]
    expect(page.locator(".sure[open] p")).to_contain_text(gone)
    check(page, width)
    page.fill("input[name=reason]", "999")
    page.get_by_role("button", name={"th": "ไม่รับไฟล์นี้", "en": "Refuse"}[lang]).click()
    expect(page.locator(".steps")).to_have_count(0)
    page.goto(f"{address}/submissions?lang={lang}")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    check(page, width)


@pytest.mark.parametrize("lang", ["th", "en"])
def test_who_looks_at_the_list_sees_which_file_must_be_mended(
    *, browser_page, address, lang, tmp_path
):
    page = browser_page
    page.goto(f"{address}/account?lang={lang}&next=/submissions")
    page.fill("input[name=name]", "somsri")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto(f"{address}/submissions?lang={lang}")
    # by its title; a code says nothing to who sends a file
    title = {"th": "รายงานขยะ (a-mine)", "en": "Waste report (a-mine)"}[lang]
    page.select_option("select[name=recipe]", label=title)
    (tmp_path / "bad.csv").write_text("ชื่อ,จำนวน\nก,1\n", encoding="utf-8")
    page.set_input_files("input[name=file]", str(tmp_path / "bad.csv"))
    page.get_by_role("button", name={"th": "ส่งไฟล์", "en": "Send"}[lang], exact=True).click()
    expect(page.locator("#report-title")).to_be_visible(timeout=60_000)
    mend = {"th": "นำเข้าไม่ได้ ต้องแก้ไฟล์", "en": "cannot be loaded; mend the file"}[lang]
    expect(page.locator(".badge.is-bad")).to_have_text(mend)
    expect(page.locator(".primary")).to_have_count(0)
    page.goto(f"{address}/submissions?lang={lang}")
    expect(page.locator("tbody tr").first).to_contain_text(mend)
