"""Pages of accounts in a browser: in both languages, on a phone, by keyboard and for axe."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from geo_service.core.accounts import people
from geo_service.core.db import make_engine, transaction
from tests.readers import all_faults, width_of

pytestmark = pytest.mark.browser

PASSWORD = "เรือใบลำเล็กกลางทะเล"
KEY = re.compile(r"gk_[0-9a-z]{10}_[\w-]{43}")
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def address(databases, country_template, settings_for, serve):
    url = databases.create("account_pages", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        people.add(session, "somsri", role="admin", password=PASSWORD, title=EVIL)
        people.add(session, "lao.one", role="lao", place="6500103", password=PASSWORD)
    engine.dispose()
    return serve(settings_for(url))


@pytest.fixture
def page(browser_page):
    # A refused form answers 401 on purpose, and browsers tell the console.
    yield browser_page
    browser_page.problems[:] = [
        one for one in browser_page.problems if "Failed to load resource" not in one
    ]


def sign_in(page, address, lang="th", then="/account"):
    page.goto(f"{address}/account?lang={lang}&next={then}")
    page.fill("input[name=name]", "somsri")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def check(page, width):
    assert width_of(page) == width
    assert not all_faults(page)


@pytest.mark.parametrize(("lang", "width"), [("th", 360), ("en", 1280)])
def test_pages_of_accounts_fit_every_screen_and_axe_finds_nothing(page, address, lang, width):
    page.set_viewport_size({"width": width, "height": 760})
    page.goto(f"{address}/account?lang={lang}")
    check(page, width)
    sign_in(page, address, lang)
    check(page, width)
    page.fill("input[name=label]", "x" * 90)
    with page.expect_navigation():
        page.get_by_role("button", name={"th": "ออกคีย์", "en": "Make a key"}[lang]).click()
    expect(page.locator(".secret input")).to_have_value(KEY)
    check(page, width)
    revoke_asks_once(page, lang, width)
    for path in ("users", "users/lao.one", "keys", "audit"):
        page.goto(f"{address}/manage/{path}?lang={lang}")
        expect(page.locator("h1")).to_be_visible()
        check(page, width)


def revoke_asks_once(page, lang, width):
    revoke = {"th": "เพิกถอน", "en": "Revoke"}[lang]
    page.keyboard.press("Tab")
    asked = page.locator(".sure").first
    expect(asked.get_by_role("button")).to_be_hidden()
    asked.locator("summary", has_text=revoke).focus()
    page.keyboard.press("Enter")
    told = {"th": "ออกคีย์ใหม่", "en": "cannot be brought back"}[lang]
    expect(asked.locator("p")).to_contain_text(told)
    check(page, width)
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".told.is-done")).to_be_visible()


def test_a_wrong_password_is_told_and_the_name_stays(page, address):
    page.goto(f"{address}/account?lang=th")
    page.fill("input[name=name]", "somsri")
    page.fill("input[name=password]", "ผิดแน่นอนครับผม")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("ไม่ถูกต้อง")
    expect(page.locator("input[name=name]")).to_have_value("somsri")
    expect(page.locator("input[name=password]")).to_have_value("")


def test_what_somebody_calls_himself_is_shown_as_text(page, address):
    sign_in(page, address)
    expect(page.locator("h1")).to_have_text(EVIL)
    page.goto(f"{address}/manage/users?lang=th")
    expect(page.locator("tbody")).to_contain_text(EVIL)


def test_a_page_that_needs_an_account_leads_back_after_signing_in(page, address):
    page.goto(f"{address}/manage/audit?lang=en&action=sign-in")
    page.get_by_role("link", name="Sign in").click()
    page.fill("input[name=name]", "somsri")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Audit log")
    assert page.url.endswith("/manage/audit?lang=en&action=sign-in")


def test_the_cookie_is_out_of_reach_of_scripts(page, address):
    sign_in(page, address)
    assert "geo_session" not in page.evaluate("document.cookie")
    kept = {one["name"]: one for one in page.context.cookies()}
    assert kept["geo_session"]["httpOnly"]
    assert kept["geo_session"]["sameSite"] == "Lax"


def test_another_site_cannot_make_a_browser_act(page, address):
    sign_in(page, address)
    # A page of another origin (the same machine by another name) posts the form by itself.
    other = address.replace("127.0.0.1", "localhost")
    page.context.unroute("**/*")
    page.goto(f"{other}/healthz")
    page.set_content(
        f'<form method="post" action="{address}/account/sign-out"><button>x</button></form>'
    )
    with page.expect_navigation():
        page.get_by_role("button").click()
    page.goto(f"{address}/account?lang=th")
    expect(page.locator("h1")).to_have_text(EVIL)


def test_a_new_account_is_made_with_a_password_shown_once(page, address):
    sign_in(page, address, then="/manage/users")
    page.fill("input[name=name]", "wichai@example.go.th")
    page.select_option("select[name=role]", "lao")
    page.fill("input[name=place]", "nowhere")
    page.get_by_role("button", name="สร้างบัญชี").click()
    expect(page.get_by_role("alert")).to_contain_text("nowhere")
    page.fill("input[name=place]", "6500103")
    page.get_by_role("button", name="สร้างบัญชี").click()
    first = page.locator(".secret input").input_value()
    assert len(first) == 29
    page.goto(f"{address}/manage/users/wichai%40example.go.th?lang=th")
    expect(page.locator("main")).to_contain_text("6500103")
    expect(page.locator("main")).not_to_contain_text(first)
    # without a script, too, nobody is put out by one press
    page.locator(".sure summary", has_text="ระงับบัญชี").click()
    expect(page.locator(".sure[open] p")).to_contain_text("ออกจากระบบทุกเครื่อง")
    with page.expect_navigation():
        page.get_by_role("button", name="ยืนยันระงับบัญชี").click()
    expect(page.locator(".facts")).to_contain_text("ระงับแล้ว")


@pytest.mark.parametrize(
    ("lang", "said"), [("th", "ไม่มีจังหวัดรหัส '99'"), ("en", "There is no province '99'")]
)
def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(page, address, lang, said):
    sign_in(page, address, lang)
    page.goto(f"{address}/manage/users/lao.one?lang={lang}")
    page.fill("input[name=title]", "สำนักงานใหม่")
    page.select_option("select[name=role]", "province")
    page.fill("input[name=place]", "99")
    with page.expect_navigation():
        page.locator(".primary").click()
    field = page.locator("label", has=page.locator("input[name=place]"))
    expect(field.get_by_role("alert")).to_have_text(said)
    expect(field.locator("input")).to_have_attribute("aria-invalid", "true")
    expect(field.locator("input")).to_be_focused()
    expect(page.locator("input[name=title]")).to_have_value("สำนักงานใหม่")
    expect(page.locator("select[name=role]")).to_have_value("province")
    check(page, 1280)


def test_new_passwords_that_differ_are_told_at_the_second(page, address):
    sign_in(page, address)
    page.fill("input[name=current]", PASSWORD)
    page.fill("input[name=new]", "ประโยคใหม่ที่ยาวพอ")
    page.fill("input[name=repeat]", "ประโยคอื่นที่ยาวพอ")
    page.get_by_role("button", name="เปลี่ยนรหัสผ่าน").click()
    told = page.locator("label", has=page.locator("input[name=repeat]")).get_by_role("alert")
    expect(told).to_contain_text("ไม่ตรงกัน")


def test_who_must_sign_in_is_told_so_in_plain_words(page, address):
    page.goto(f"{address}/manage/users?lang=th")
    expect(page.locator("main")).to_contain_text("หน้านี้สำหรับผู้มีบัญชี")
    expect(page.locator("main")).not_to_contain_text("Authorization")


def test_the_record_shows_every_column_on_a_screen(page, address):
    page.set_viewport_size({"width": 1280, "height": 760})
    sign_in(page, address)
    page.goto(f"{address}/manage/audit?lang=th")
    box = page.locator(".scroll")
    assert box.evaluate("one => one.scrollWidth <= one.clientWidth")
