"""The gazetteer: one place, or none, or several; never a guess."""

from datetime import date

import pytest

from boundaries.lookup import Ambiguous, Found, Gazetteer, Missing
from boundaries.places import Place


def place(number, level, code, th, *names_and_parent, **rest):
    en, parent = {0: ("", None), 1: (*names_and_parent, None)}.get(
        len(names_and_parent), names_and_parent
    )
    known = {"name_alt": (), "first": None, "after": None, **rest}
    return Place(number, level, code, th, en, parent_id=parent, **known)


AREAS = [
    place(1, "country", "TH", "ประเทศไทย", "Thailand"),
    place(10, "province", "42", "เลย", "Loei", 1),
    place(11, "province", "38", "บึงกาฬ", "Bueng Kan", 1, first=date(2011, 3, 23)),
    place(20, "district", "4201", "เมืองเลย", "Mueang Loei", 10),
    place(21, "district", "4208", "ท่าลี่", "Tha Li", 10),
    place(22, "district", "3801", "เมืองบึงกาฬ", "Mueang Bueng Kan", 11),
    place(30, "subdistrict", "420803", "อาฮี", "A Hi", 21),
    place(31, "subdistrict", "420801", "ท่าลี่", "Tha Li", 21),
    place(32, "subdistrict", "420101", "กุดป่อง", "Kut Pong", 20),
    place(33, "subdistrict", "380101", "บึงกาฬ", "Bueng Kan", 22),
    place(34, "subdistrict", "420199", "โคกเก่า", "Khok Kao", 20, after=date(2015, 2, 14)),
    place(35, "subdistrict", "420198", "โคกแยก", "Khok Yaek", 20, after=date(2017, 7, 26)),
    place(36, "subdistrict", "380109", "ท่าลี่", "Tha Li", 22),
]
ORGS = [
    place(50, "org", "6420803", "อบต.อาฮี", "A Hi", 21, kind="SAO"),
    place(51, "org", "5420801", "เทศบาลตำบลท่าลี่", "Tha Li", 21, kind="subdistrict_municipality"),
    place(52, "org", "6420801", "อบต.ท่าลี่", "Tha Li", 21, kind="SAO"),
]


@pytest.fixture(scope="module")
def gazetteer():
    return Gazetteer(
        AREAS,
        ORGS,
        codes=[("pcd", "38", 10)],
        org_codes=[("geocode", "420852", 50)],
        successors={
            ("subdistrict", "420199"): ["420101"],
            ("subdistrict", "420198"): ["420101", "420801"],
            ("subdistrict", "420197"): ["420199"],
        },
    )


def test_a_code_of_dopa_finds_its_area(gazetteer):
    assert gazetteer.area("subdistrict", code="420803") == Found(30, "420803", "อาฮี")
    assert gazetteer.area("subdistrict", code="TH420803", system="pcode").id == 30


def test_a_running_number_is_no_dopa_code(gazetteer):
    # PCD's 38 is another province than DOPA's 38.
    assert gazetteer.area("province", code="38").code == "38"
    assert gazetteer.area("province", code="38", system="pcd").code == "42"


def test_an_abolished_code_leads_to_its_only_successor(gazetteer):
    found = gazetteer.area("subdistrict", code="420199")
    assert (found.code, found.flags) == ("420101", ("successor-of-420199",))


def test_successors_are_followed_through_several_changes(gazetteer):
    assert gazetteer.area("subdistrict", code="420197").code == "420101"


def test_a_split_code_is_refused_with_all_its_heirs(gazetteer):
    answer = gazetteer.area("subdistrict", code="420198")
    assert isinstance(answer, Ambiguous)
    assert answer.reason == "split-place"
    assert len(answer.candidates) == 2


def test_a_closed_code_is_itself_in_its_own_time(gazetteer):
    assert gazetteer.area("subdistrict", code="420199", on=date(2014, 12, 31)).id == 34


def test_a_name_is_found_within_its_province(gazetteer):
    assert gazetteer.area("subdistrict", name="ต.ท่าลี่", province="จ.เลย").id == 31
    assert gazetteer.area("subdistrict", name="Tha Li", province="38").id == 36


def test_an_ambiguous_name_is_refused_with_its_candidates(gazetteer):
    answer = gazetteer.area("subdistrict", name="ท่าลี่")
    assert isinstance(answer, Ambiguous)
    assert {one.split()[1] for one in answer.candidates} == {"(420801)", "(380109)"}


def test_an_unknown_name_is_refused_with_the_nearest(gazetteer):
    answer = gazetteer.area("province", name="เลยย")
    assert isinstance(answer, Missing)
    assert answer.candidates == ("เลย (42)",)


def test_the_seat_may_be_called_just_mueang(gazetteer):
    assert gazetteer.area("district", name="อ.เมือง", province="เลย").code == "4201"
    assert gazetteer.area("district", name="Muang", province="Loei").code == "4201"


def test_a_variant_spelling_is_flagged(gazetteer):
    found = gazetteer.area("district", name="Muang Loei")
    assert (found.code, found.flags) == ("4201", ("name-matched",))


def test_a_code_and_the_name_of_another_place_contradict(gazetteer):
    answer = gazetteer.area("subdistrict", code="420803", name="ท่าลี่", district="ท่าลี่")
    assert isinstance(answer, Ambiguous)
    assert answer.reason == "contradicting-place"


def test_a_code_with_a_name_nobody_has_is_taken_and_flagged(gazetteer):
    found = gazetteer.area("subdistrict", code="420803", name="ชื่อใหม่")
    assert (found.id, found.flags) == (30, ("name-differs",))


def test_a_cut_name_beside_a_code_is_no_contradiction():
    whole = place(1, "subdistrict", "801210", "ปากพนังฝั่งตะวันตก", "")
    found = Gazetteer([whole]).area("subdistrict", code="801210", name="ปากพนังฝั่งตะวัน")
    assert found == Found(1, "801210", "ปากพนังฝั่งตะวันตก")


def test_an_organisation_is_found_by_kind_and_name(gazetteer):
    assert gazetteer.org(name="อบต.ท่าลี่").id == 52
    assert gazetteer.org(name="ท่าลี่", kind="ThesabanTambon", province="เลย").id == 51


def test_a_municipality_beside_an_sao_of_one_name_is_ambiguous(gazetteer):
    assert isinstance(gazetteer.org(name="ท่าลี่", province="เลย"), Ambiguous)


def test_an_organisation_is_found_by_each_of_its_codes(gazetteer):
    assert gazetteer.org(code="6420803").id == 50
    assert gazetteer.org(code="06420803").id == 50
    assert gazetteer.org(code="420852").id == 50
    assert isinstance(gazetteer.org(code="9999999"), Missing)


def test_a_row_without_code_and_name_names_no_place(gazetteer):
    assert gazetteer.area("province") == Missing("no-place")
