"""Names: what two spellings of one place have in common."""

import pytest

from boundaries import names


@pytest.mark.parametrize(
    ("typed", "settled"),
    [
        ("น\u0e4d\u0e49า", "น้ำ"),  # nikhahit, tone, sara aa
        ("น\u0e49\u0e4dา", "น้ำ"),  # tone before nikhahit
        ("นำ\u0e49", "น้ำ"),  # tone after sara am
        ("เเม่สาย", "แม่สาย"),  # two sara e
        ("บาง\u200bรัก\ufeff", "บางรัก"),
        ("หมู่ ๑๒", "หมู่ 12"),
        ("  ท่า\u00a0 ลี่ ", "ท่า ลี่"),
    ],
)
def test_what_cannot_be_seen_is_settled(typed, settled):
    assert names.normalise(typed) == settled


@pytest.mark.parametrize(
    ("said", "level", "bare"),
    [
        ("จังหวัดเลย", "province", "เลย"),
        ("จ. เลย", "province", "เลย"),
        ("กิ่งอำเภอเวียงเก่า", "district", "เวียงเก่า"),
        ("อ.เมืองเลย", "district", "เมืองเลย"),
        ("เขตพระนคร", "district", "พระนคร"),
        ("ตําบลอาฮี", "subdistrict", "อาฮี"),
        ("แขวง วังบูรพาภิรมย์", "subdistrict", "วังบูรพาภิรมย์"),
        ("Amphoe Tha Li", "district", "Tha Li"),
        ("Loei Province", "province", "Loei"),
        ("ตำบล", "subdistrict", "ตำบล"),  # nothing would be left
    ],
)
def test_the_word_for_the_level_is_taken_off(said, level, bare):
    assert names.strip_prefix(said, level) == bare


@pytest.mark.parametrize(
    ("said", "kind", "bare"),
    [
        ("อบต.เสม็ด", "SAO", "เสม็ด"),
        ("องค์การบริหารส่วนตำบล เสม็ด", "SAO", "เสม็ด"),
        ("เทศบาลเมืองแพรกษา", "town", "แพรกษา"),
        ("ทต. บางเสาธง", "subdistrict_municipality", "บางเสาธง"),
        ("ทน.เชียงใหม่", "city", "เชียงใหม่"),
        ("อบจ.เลย", "PAO", "เลย"),
        ("เมืองพัทยา", "Pattaya", "พัทยา"),
        ("หนองบัว", None, "หนองบัว"),
    ],
)
def test_an_organisation_tells_its_kind_by_its_name(said, kind, bare):
    assert names.split_org_name(said) == names.OrgName(kind, bare)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Samut Prakarn", "Samut Prakan"),
        ("Muang Loei", "Mueang Loei"),
        ("Nakorn Sawan", "Nakhon Sawan"),
        ("Petchaburi", "Phetchaburi"),
        ("Sakaew", "Sa Kaeo"),
        ("Prachuab Khiri Khan", "Prachuap Khiri Khan"),
    ],
)
def test_variants_in_latin_letters_share_a_loose_key(one, other):
    assert names.key(one) != names.key(other)
    assert names.loose_key(one) == names.loose_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Chonburi", "Chon Buri"), ("Sa kaeo", "Sa Kaeo"), ("Phang-nga", "Phangnga")]
)
def test_spaces_hyphens_and_capitals_do_not_make_another_name(one, other):
    assert names.key(one) == names.key(other)


def test_different_provinces_do_not_share_a_loose_key():
    known = [
        "Phetchaburi",
        "Phetchabun",
        "Nakhon Sawan",
        "Nakhon Nayok",
        "Surin",
        "Ranong",
        "Rayong",
    ]
    assert len({names.loose_key(one) for one in known}) == len(known)


def test_bangkok_is_found_by_its_common_names():
    assert {names.area_key(one, "province") for one in ("กทม.", "กรุงเทพฯ", "กรุงเทพมหานคร")} == {
        "กรุงเทพมหานคร"
    }


def test_a_name_cut_at_sixteen_characters_is_recognised():
    assert names.is_cut("ปากพนังฝั่งตะวัน", "ปากพนังฝั่งตะวันตก")
    assert not names.is_cut("ปากพนัง", "ปากพนังฝั่งตะวันตก")
