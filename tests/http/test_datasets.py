"""Where numbers come from: every data set with its licence, loads and refusals."""

from __future__ import annotations

from sqlalchemy import text

from geo_service.core.db import transaction
from tests.builders import build_small_country


def test_the_sources_are_listed_with_their_licence(client):
    told = {one["id"]: one for one in client.get("/datasets").json()["datasets"]}
    assert {"test-areas", "test-orgs", "test-population", "test-waste"} <= told.keys()
    assert told["test-waste"]["licence"] == "CC0-1.0"
    assert told["test-waste"]["title"] == "ชุดข้อมูลทดสอบ test-waste"


def test_a_source_tells_every_load_of_every_file(client):
    told = client.get("/datasets/test-waste", params={"lang": "en"}).json()
    assert told["publisher"] == "Testers"
    assert told["indicators"] == ["waste_gen_tpd"]
    (run,) = told["runs"]
    assert (run["file"], run["sha256"], run["status"]) == ("test.csv", "1" * 64, "loaded")


def test_a_layer_of_facilities_leads_to_its_collection(client):
    told = client.get("/datasets/test-facilities").json()
    assert told["collections"] == ["health-centres"]


def test_refused_rows_are_told_with_reason_and_without_paths(client_of, fresh_engine):
    with transaction(fresh_engine) as session:
        build_small_country(session)
        session.execute(text("UPDATE geo.ingest_run SET file_name = '/srv/secret/waste.csv'"))
        session.execute(
            text(
                'INSERT INTO geo.reject (run_id, severity, reason, file_name, row, "column", said)'
                " SELECT id, 'refused', 'unit-in-cell', file_name, 7, 'ขยะ', '4.1 ตัน'"
                " FROM geo.ingest_run WHERE dataset_id = 'test-waste'"
            )
        )
    told = client_of(fresh_engine).get("/datasets/test-waste")
    assert told.json()["refusedByReason"] == {"unit-in-cell": 1}
    (refused,) = told.json()["refused"]
    assert (refused["row"], refused["column"], refused["hint"]) == (7, "ขยะ", "มีหน่วยอยู่ในช่องตัวเลข")
    assert refused["said"] is None, "what stood in a file is not for everybody"
    assert "4.1" not in told.text
    assert "/srv/secret" not in told.text


def test_of_files_with_guarded_counts_nothing_is_told_that_a_guess_could_be_tried_on(
    client_of, fresh_engine
):
    with transaction(fresh_engine) as session:
        build_small_country(session)
        for severity, reason in (("refused", "unit-in-cell"), ("flagged", "copied-forward")):
            session.execute(
                text(
                    "INSERT INTO geo.reject (run_id, severity, reason, file_name, row)"
                    " SELECT id, :severity, :reason, file_name, 7 FROM geo.ingest_run"
                    " WHERE dataset_id = 'test-waste'"
                ),
                {"severity": severity, "reason": reason},
            )
    told = client_of(fresh_engine).get("/datasets/test-waste").json()
    assert told["refusedByReason"] == {"copied-forward": 1, "unit-in-cell": 1}
    with transaction(fresh_engine) as session:
        session.execute(text("UPDATE geo.indicator SET privacy = 'P2'"))
    told = client_of(fresh_engine).get("/datasets/test-waste").json()
    assert told["refusedByReason"] == {"unit-in-cell": 1}
    assert [one["reason"] for one in told["refused"]] == ["unit-in-cell"]
    (run,) = told["runs"]
    assert (run["sha256"], run["bytes"], run["rows"]["flagged"]) == (None, None, None)


def test_a_thematic_map_names_its_sources(client):
    told = client.get("/maps/waste_gen_tpd.json").json()
    assert [one["dataset"] for one in told["sources"]] == ["test-waste"]
