"""Organisations that replace others: both stand in their years, and no total of a year changes."""

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from boundaries.lookup import Found, Gazetteer, Missing
from boundaries.models import AreaEvent, Org, OrgCoverage
from geo_service.core.periods import year_period
from ingest import pipeline, refresh
from ingest.clean import Problem
from ingest.days import read_day
from layers import hexbins, place_values, profile, versions
from tests import builders

RECIPE = """
[dataset]
id = "changes"
kind = "organisations"
title_th = "ทดสอบ"
title_en = "Test"

[orgs]
code = "รหัส"
kind = "ประเภท"
name_th = "ชื่อ"
province = "จังหวัด"
covers = "ตำบล"
"""
HEAD = "รหัส,ประเภท,ชื่อ,จังหวัด,ตำบล,แทน,มีผลตั้งแต่"
UPGRADE = "5500103,ทต.,ท่าช้าง,50,,6500103,1 ม.ค. 2568"
MERGER = "4500199,ทม.,หนองช้าง,50,,4500102;06500103,2025-01-01"


@pytest.fixture(scope="module")
def settled(databases, country_template):
    """A tiny country in which nothing is committed: files are tried, not loaded."""
    from tests.conftest import engine_of  # noqa: PLC0415

    with engine_of(databases.create("org_history", template=country_template)) as made:
        yield made


@pytest.fixture
def write(tmp_path):
    def written(*rows, head=HEAD, recipe=RECIPE):
        (tmp_path / "changes.toml").write_text(recipe, encoding="utf-8")
        (tmp_path / "changes.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
        return tmp_path / "changes.csv", tmp_path / "changes.toml"

    return written


@pytest.fixture
def load(country_engine, write):
    def run(*rows, **other):
        file, recipe = write(*rows, **other)
        return pipeline.ingest(country_engine, file, recipe=recipe, refresh=False)

    return run


@pytest.fixture
def attempt(settled, write):
    def run(*rows, **other):
        file, recipe = write(*rows, **other)
        return pipeline.ingest(settled, file, recipe=recipe, refresh=False, dry_run=True)

    return run


@pytest.fixture
def opened(country_engine):
    with Session(country_engine) as session:
        yield session


def everything(session):
    session.expire_all()
    return {
        table: sorted(tuple(map(str, row)) for row in session.execute(text(f"TABLE geo.{table}")))
        for table in ("org", "org_code", "org_coverage", "area_event", "area")
    }


def days_of(session):
    session.expire_all()
    rows = session.scalars(select(Org).order_by(Org.code, Org.id))
    return {(row.code, row.kind): (row.valid.lower, row.valid.upper) for row in rows}


PUBLISHED = """
    SELECT indicator_key, level, period_key, place_id, value, status, reporting, expected
    FROM geo.place_value WHERE period_key IN ('2023', '2024')
"""


def cells_of(session, year):
    """What hexagons say of a year, to nine digits: sums are not always added in one order."""
    rows = hexbins.read(session, "waste_gen_tpd", year_period(year), resolution=5).rows
    return {
        (one.cell, one.value and float(f"{one.value:.9g}"), one.status, one.reporting, one.expected)
        for one in rows
    }


def test_a_merger_changes_no_number_of_the_years_before_it(load, opened):
    def refreshed():
        refresh.refresh(opened, resolutions="5")
        opened.commit()
        values = {tuple(row) for row in opened.execute(text(PUBLISHED))}
        return values, cells_of(opened, 2024)

    values, cells = refreshed()
    assert load(MERGER).outcome == "loaded"
    # every value, at every level, and how many reported of how many; and every hexagon
    assert refreshed() == (values, cells)
    assert len(cells) > 0
    # in a later year the new one alone is expected: two less, one more in district 5001
    opened.execute(
        text(
            "INSERT INTO geo.period (key, calendar, granularity, start_date, end_date, label_th,"
            " label_en) VALUES ('2025', 'gregorian', 'year', '2025-01-01', '2025-12-31', '', '')"
        )
    )
    opened.execute(
        text(
            "INSERT INTO geo.observation (indicator_key, org_id, period_key, value, status,"
            " dataset_id, version_id, source_row) SELECT 'waste_gen_tpd', o.id, '2025', 5.5,"
            " 'reported', v.dataset_id, v.id, 2 FROM geo.org o, geo.dataset_version v"
            " WHERE o.code = '4500199' AND v.dataset_id = 'test-waste'"
        )
    )
    versions.bump(opened, [versions.of_indicator("waste_gen_tpd")])
    refresh.refresh(opened, changed=refresh.Changed(frozenset({"indicator:waste_gen_tpd"})))
    counts = dict(
        opened.execute(
            text(
                "SELECT v.period_key, ARRAY[v.reporting, v.expected] FROM geo.place_value v"
                " JOIN geo.area a ON a.id = v.place_id AND a.code = '5001'"
                " WHERE v.indicator_key = 'waste_gen_tpd' AND v.level = 'district'"
            )
        ).all()
    )
    assert counts == {"2024": [3, 3], "2025": [1, 2]}
    # hexagons of 2024 are the same still, those of 2025 add up to what the new one reported
    assert cells_of(opened, 2024) == cells
    assert sum(one[1] for one in cells_of(opened, 2025) if one[1]) == pytest.approx(5.5)


def test_who_is_replaced_ends_and_who_replaces_begins_on_its_ground(load, opened):
    report = load(MERGER)
    assert (report.outcome, report.inserted, report.updated) == ("loaded", 1, 2)
    assert [told.reason for told in report.rejected] == []
    days, turn = days_of(opened), date(2025, 1, 1)
    assert days["4500102", "town"] == days["6500103", "SAO"] == (None, turn)
    assert days["4500199", "town"] == (turn, None)
    assert {days[one] for one in days if one[0] not in {"4500102", "6500103", "4500199"}} == {
        (None, None)
    }
    new = opened.scalars(select(Org).where(Org.code == "4500199")).one()
    shares = opened.scalars(select(OrgCoverage).where(OrgCoverage.org_id == new.id)).all()
    # 0.25 + 0.75 of Nong Bua, and Tha Chang
    assert [(one.extent, one.share_area, one.share_pop) for one in shares] == [("whole", 1, 1)] * 2
    ground = text(
        "SELECT abs(ST_Area(o.geom::geography) - sum(ST_Area(a.geom::geography)))"
        " FROM geo.org o, geo.area a WHERE o.code = '4500199' AND a.code IN ('500102', '500103')"
        " GROUP BY o.geom"
    )
    assert opened.scalar(ground) < 10  # square metres of 214 km2
    told = opened.scalars(select(AreaEvent).where(AreaEvent.level == "org")).all()
    assert {(one.kind, one.from_code, one.to_code, one.effective) for one in told} == {
        ("merged", "4500102", "4500199", turn), ("merged", "6500103", "4500199", turn),
    }  # fmt: skip


def test_the_same_list_again_changes_nothing_and_undoing_brings_back_every_row(
    load, opened, country_engine
):
    before = everything(opened)
    load(UPGRADE, "3500101,ทน.,แสนสุข,50,500101:c,,")
    after = everything(opened)
    assert after != before
    # the same words in another file
    again = load("3500101,ทน.,แสนสุข,50,500101:c,,", UPGRADE)
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)
    assert everything(opened) == after
    if again.version is not None:
        pipeline.rollback(country_engine, "changes")
    pipeline.rollback(country_engine, "changes")
    assert everything(opened) == before


def test_an_upgrade_under_its_old_code_has_a_row_for_each_time(load, opened, country_engine):
    before = everything(opened)
    report = load("6500103,ทต.,ท่าช้าง,50,,,2568")
    assert (report.outcome, report.rejected) == ("loaded", [])
    days, turn = days_of(opened), date(2025, 1, 1)
    assert days["6500103", "SAO"] == (None, turn)
    assert days["6500103", "subdistrict_municipality"] == (turn, None)
    gazetteer = Gazetteer.read(opened)
    was, now = (gazetteer.org(code="6500103", on=date(year, 12, 31)) for year in (2024, 2025))
    assert (was.name_th, now.name_th) == ("อบต.ท่าช้าง", "เทศบาลตำบลท่าช้าง")
    place_values.rebuild(opened, {"waste_gen_tpd"})
    opened.commit()
    told = profile.build(opened, "6500103")
    line = next(one for one in told.lines if one.info.key == "waste_gen_tpd")
    # its history goes on under the code
    assert (line.now.period.key, line.now.value) == ("2024", builders.WASTE_2024["6500103"])
    opened.rollback()
    pipeline.rollback(country_engine, "changes")
    assert everything(opened) == before


def test_a_municipality_that_takes_another_in_keeps_its_past_ground(load, opened):
    opened.execute(text("UPDATE geo.org SET area_km2 = 30 WHERE code = '4500102'"))
    opened.commit()
    load("4500102,ทม.,หนองบัว,50,,6500103,2568")
    rows = opened.scalars(select(Org).where(Org.code == "4500102").order_by(Org.id)).all()
    covers = [
        opened.scalars(
            select(OrgCoverage.share_area).where(OrgCoverage.org_id == row.id).order_by("area_id")
        ).all()
        for row in rows
    ]
    assert covers == [[0.25], [1, 1]]
    # two whole sub-districts of 119 km2, the stated size of a quarter of one is not kept
    assert rows[1].area_km2 == pytest.approx(
        opened.scalar(
            text("SELECT sum(area_km2) FROM geo.area WHERE code IN ('500102', '500103')")
        ),
        rel=1e-4,
    )
    assert [row.valid.upper for row in rows] == [date(2025, 1, 1), None]


def test_a_code_leads_to_who_was_in_force_then(load, opened):
    load(MERGER)
    gazetteer = Gazetteer.read(opened)
    then = gazetteer.org(code="6500103", on=date(2024, 12, 31))
    assert isinstance(then, Found)
    assert (then.code, then.flags) == ("6500103", ())
    later = gazetteer.org(code="6500103", on=date(2025, 12, 31))
    assert isinstance(later, Found)
    assert (later.code, later.flags) == ("4500199", ("successor-of-6500103",))
    early = gazetteer.org(code="4500199", on=date(2024, 12, 31))
    assert isinstance(early, Missing)
    assert early.reason == "later-place"
    assert [told.split()[1] for told in early.candidates] == ["(4500102)", "(6500103)"]


def test_values_of_a_time_in_which_it_was_not_in_force_are_told_and_stay(load, opened):
    report = load("5500103,ทต.,ท่าช้าง,50,,6500103,๑ ตุลาคม ๒๕๖๗")
    (told,) = report.rejected
    assert (told.reason, told.severity, told.row) == ("values-outside", "flagged", 2)
    assert "6500103" in told.hint.en
    assert "2024" in told.hint.en
    kept = text(
        "SELECT count(*) FROM geo.observation v JOIN geo.org o ON o.id = v.org_id"
        " WHERE o.code = '6500103'"
    )
    assert opened.scalar(kept) == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["5500103,ทต.,ท่าช้าง,50,,6500103,"], [(2, "no-since")]),
        (["5500103,ทต.,ท่าช้าง,50,,6500103,เมื่อวาน"], [(2, "bad-since")]),
        (["5500103,ทต.,ท่าช้าง,50,,6500103,30 ก.พ. 2567"], [(2, "bad-since")]),
        (["5500103,ทต.,ท่าช้าง,50,,6500103,2643"], [(2, "bad-since")]),
        (["5500103,ทต.,ท่าช้าง,50,,6599999,2568"], [(2, "unknown-predecessor")]),
        # one of another province, one of the upper tier
        (["5500103,ทต.,ท่าช้าง,50,,6510201,2568"], [(2, "unknown-predecessor")]),
        (["5500103,ทต.,ท่าช้าง,50,,2500101,2568"], [(2, "unknown-predecessor")]),
        # a merger of which one part is unknown closes neither
        (["5500103,ทต.,ท่าช้าง,50,,6500103;1,2568"], [(2, "unknown-predecessor")]),
        (["6500103,ทต.,ท่าช้าง,50,,6500103,2568"], [(2, "replaces-itself")]),
        (
            ["6500103,อบต.,ท่าช้าง,50,,4500102,2568", "4500102,ทม.,หนองบัว,50,,6500103,2567"],
            [(2, "replaces-itself"), (3, "replaces-itself")],
        ),
        # two that end one organisation on different days, and one that follows one of them
        (
            [UPGRADE, "5500104,ทต.,ใหม่,50,,6500103,2567", "5500105,ทต.,ต่อ,50,,5500104,2569"],
            [(2, "two-dates"), (3, "two-dates"), (4, "unknown-predecessor")],
        ),
        (
            ["5500103,ทต.,ท่าช้าง,50,,6500103,2568", "4500103,ทม.,ท่าช้าง,50,,5500103,2567"],
            [(3, "bad-since")],
        ),
    ],
)
def test_what_cannot_be_is_refused_by_row_and_nothing_of_it_is_applied(attempt, rows, expected):
    sound = "5500201,ทต.,ดอนเมือง,50,,6500201,2568"
    report = attempt(*rows, sound)
    told = [(one.row, one.reason) for one in report.rejected if one.severity == "refused"]
    assert sorted(told) == expected
    # the sound row ended one and began one; of the others only what stands
    standing = len(rows) - len({row for row, _ in expected})
    assert report.figures["ended"] == report.figures["begun"] == 1 + standing


def test_an_ended_organisation_in_an_older_list_stays_ended(load, opened):
    load(UPGRADE)
    before = everything(opened)
    report = load("6500103,อบต.,ท่าช้าง,50,500103:c,,", "3500101,ทน.,แสนสุข,50,500101:c,,")
    (told,) = report.rejected
    assert (told.reason, told.row, told.candidates) == ("obsolete-organisation", 2, ("5500103",))
    assert {one for one in everything(opened)["org"] if "500103" in one[1]} == {
        one for one in before["org"] if "500103" in one[1]
    }


def test_neighbours_that_a_list_does_not_name_keep_their_shares(load, opened):
    before = everything(opened)["org_coverage"]
    # the town's quarter of Nong Bua goes to a new town; the SAO beside it is not in the list
    load("4500111,ทม.,หนองบัว,50,500102:p,4500102,2568")
    rows = opened.execute(
        text(
            "SELECT o.code, c.share_area, c.share_pop FROM geo.org_coverage c"
            " JOIN geo.org o ON o.id = c.org_id JOIN geo.area a ON a.id = c.area_id"
            " WHERE a.code = '500102' AND upper_inf(o.valid)"
        )
    ).all()
    shares = {code: (area, people) for code, area, people in rows}
    assert shares["6500103"] == (0.75, 0.6)
    assert shares["4500111"] == pytest.approx((0.25, 0.4))
    assert set(before) <= set(everything(opened)["org_coverage"])


def test_headings_of_ones_own_must_be_there(attempt):
    named = RECIPE + 'replaces = "เดิม"\n'
    assert attempt(UPGRADE, recipe=named).outcome == "refused"
    head = HEAD.replace("แทน,", "เดิม,")
    assert attempt(UPGRADE, recipe=named, head=head).figures["ended"] == 1


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2024-10-01", (2024, 10, 1)), ("2567-10-01", (2024, 10, 1)),
        ("1/10/2567", (2024, 10, 1)), ("๑ ตุลาคม พ.ศ. ๒๕๖๗", (2024, 10, 1)),
        ("ต.ค. 2567", (2024, 10, 1)), ("2567", (2024, 1, 1)), ("2024", (2024, 1, 1)),
        ("ปีงบประมาณ 2568", (2024, 10, 1)),
    ],
)  # fmt: skip
def test_a_day_is_read_as_thai_lists_write_it(said, day):
    assert read_day(said) == date(*day)
    assert isinstance(read_day("31/2/2567"), Problem)
