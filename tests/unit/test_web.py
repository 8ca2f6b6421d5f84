"""What the pages are made from: our own assets, numbers for people, escaped data, Folium."""

from __future__ import annotations

import json

import pytest

from web.assets import STATIC, ForeignAsset, address, own_links, refuse_foreign
from web.folium_map import Canvas, draw, feature_collection
from web.render import content_policy, data_block
from web.words import measured, number, words


def test_every_word_is_said_in_both_languages():
    thai, english = words("th"), words("en")
    assert thai.keys() == english.keys()
    assert all(thai.values())
    assert all(english.values())


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [(1234567, 0, "1,234,567"), (-0.5, 1, "−0.5"), (-0.001, 2, "0.00"), (None, 2, "—")],
)
def test_numbers_are_written_for_people(value, decimals, written):
    assert number(value, decimals) == written


def test_a_percentage_stands_as_each_language_wants_it():
    assert measured(18.2, "ร้อยละ", 1) == "ร้อยละ 18.2"
    assert measured(18.2, "%", 1) == "18.2%"
    assert measured(1.03, "กก./คน/วัน", 2) == "1.03 กก./คน/วัน"


def test_data_in_a_page_cannot_end_its_element():
    text = str(data_block({"name": "</script><!--\u2028&"}))
    assert "<" not in text
    assert "&" not in text
    assert json.loads(text) == {"name": "</script><!--\u2028&"}


def test_folium_links_only_files_of_ours():
    drawing = draw(Canvas((97.0, 5.0, 106.0, 21.0), shapes=feature_collection([])), "th")
    linked = (*drawing.links.scripts, *drawing.links.styles)
    assert linked
    assert all(one.startswith("/static/vendor/") for one in linked)


def test_an_unknown_address_stops_the_page():
    with pytest.raises(ForeignAsset):
        own_links('<script src="https://cdn.example/new.js"></script>')
    with pytest.raises(ForeignAsset):
        refuse_foreign('<p></p><img src="//tracker.example/x.gif">')
    with pytest.raises(ForeignAsset):
        address("vendor/none.js")


def test_equal_maps_are_equal_byte_for_byte():
    canvas = Canvas((97.0, 5.0, 106.0, 21.0), shapes=feature_collection([]))
    assert draw(canvas, "en") == draw(canvas, "en")


def test_a_setting_cannot_open_the_content_policy():
    policy = content_policy("n", "https://a.example; script-src *")
    assert policy.count("script-src 'self' 'nonce-n'") == 1
    assert policy.endswith("frame-ancestors https://a.example script-src *")


def test_no_style_or_script_of_ours_asks_another_host():
    for file in (*STATIC.rglob("*.css"), *(STATIC / "js").glob("*.js")):
        text = file.read_text(encoding="utf-8")
        assert "//cdn" not in text
        assert "@import" not in text
        assert "url(http" not in text


def test_every_outside_asset_has_its_licence():
    notice = (STATIC / "NOTICE").read_text(encoding="utf-8")
    for file in (*(STATIC / "vendor").glob("*.js"), STATIC / "basemap.json"):
        assert file.name in notice
    assert sum(file.stat().st_size for file in STATIC.rglob("*") if file.is_file()) < 4_000_000
