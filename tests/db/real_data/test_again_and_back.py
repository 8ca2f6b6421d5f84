"""The real data loaded a second time, and loads of it undone."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from geo_service.core.errors import Conflict
from ingest import batch, pipeline

pytestmark = pytest.mark.shared


EVERYTHING = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM geo.TABLE t"
COUNT = "SELECT count(*) FROM geo.TABLE"


def test_a_second_load_of_every_file_changes_nothing(undone, shared_data):
    outcomes = {
        (report.recipe, report.file_name): (report.outcome, report.changed)
        for report in batch.load(undone, shared_data)
    }
    assert set(outcomes.values()) == {("already-loaded", 0)}


def _state(engine: Engine, *tables: str) -> list[str]:
    with engine.connect() as connection:
        return [
            connection.execute(text(EVERYTHING.replace("TABLE", table))).scalar()
            for table in tables
        ]


def test_waste_is_undone_after_the_remarks_on_it_and_loads_again(undone, shared_data):
    with pytest.raises(Conflict, match="pcd-mismatch-log"):
        pipeline.rollback(undone, "pcd-waste")
    before = _state(undone, "area", "org", "org_coverage", "area_code")
    assert pipeline.rollback(undone, "pcd-mismatch-log").updated == 23
    assert pipeline.rollback(undone, "pcd-waste").deleted == 5005
    with undone.connect() as connection:
        assert not connection.execute(
            text("SELECT count(*) FROM geo.observation WHERE dataset_id = 'pcd-waste'")
        ).scalar()
    assert _state(undone, "area", "org", "org_coverage", "area_code") == before
    file = shared_data / "pcd_msw" / "msw_province_year.csv"
    assert pipeline.ingest(undone, file, recipe="pcd-waste", refresh=False).outcome == "loaded"


def test_organisations_are_undone_when_nothing_needs_them_any_more(undone):
    before = _state(undone, "area", "area_code")
    for reason in ("dola-2560", "observation"):
        with pytest.raises(Conflict, match=reason):
            pipeline.rollback(undone, "lao-list")
        if reason == "dola-2560":
            pipeline.rollback(undone, "dola-2560")
    for dataset in ("lao-population", "dopa-municipal-population"):
        pipeline.rollback(undone, dataset)
    assert pipeline.rollback(undone, "lao-list").deleted >= 7850
    with undone.connect() as connection:
        left = [
            connection.execute(text(COUNT.replace("TABLE", table))).scalar()
            for table in ("org", "org_code", "org_coverage")
        ]
    assert left == [0, 0, 0]
    assert _state(undone, "area", "area_code") == before
