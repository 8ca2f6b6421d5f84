"""Whole layers as files: prepared once, the same bytes to everybody, resumable, never stale."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from geo_service.api.downloads import _Work
from geo_service.core import kept
from geo_service.core.db import transaction
from geo_service.core.kept import KeptFiles
from tests.builders import POPULATION_2024, SUBDISTRICTS
from tests.waiting import LONGEST_S, wait_until

FOLDER = "/collections/subdistricts/downloads"
FILE = f"{FOLDER}/subdistricts.geojson"
ENDINGS = ("gpkg", "geojson", "csv", "parquet", "fgb", "geojsons", "fg.json")
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def served(client_of, country_engine) -> TestClient:
    """A service of this test's own: nothing is prepared yet."""
    return client_of(country_engine)


def folder_of(client: TestClient) -> Path:
    return Path(client.app.state.settings.data_dir) / "downloads"


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_first_and_every_other_caller_get_the_same_bytes(served, ending):
    address = f"{FOLDER}/subdistricts.{ending}"
    first = served.get(address, headers=PLAIN)
    assert first.status_code == 200, first.text
    again = served.get(address, headers=PLAIN)
    assert again.content == first.content
    assert int(again.headers["content-length"]) == len(first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert not first.headers["etag"].startswith("W/")
    assert again.headers["accept-ranges"] == "bytes"
    assert 'filename="subdistricts.' in first.headers["content-disposition"]
    assert 'rel="license"' in first.headers["link"]


def test_a_download_is_the_whole_layer_and_says_whose_it_is(served):
    told = served.get(FILE).json()
    page = served.get("/collections/subdistricts/items").json()
    assert told["features"] == page["features"]
    assert told["sources"][0]["id"] == "test-areas"
    assert {"license", "attribution", "dataVersion", "dataDate"} <= set(told)
    table = pq.read_table(io.BytesIO(served.get(f"{FOLDER}/subdistricts.parquet").content))
    assert sorted(table["code"].to_pylist()) == sorted(SUBDISTRICTS)


def test_the_list_links_every_file_and_knows_the_sizes_of_those_prepared(served):
    told = served.get(FOLDER).json()
    files = [link for link in told["links"] if link["rel"] == "enclosure"]
    assert len(files) == len(ENDINGS)
    assert not any("length" in link for link in files)
    for link in files:
        answer = served.get(urlsplit(link["href"]).path, headers=PLAIN)
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == link["type"]
        link["length"] = len(answer.content)
    again = [link for link in served.get(FOLDER).json()["links"] if link["rel"] == "enclosure"]
    assert again == files
    page = served.get(f"{FOLDER}?f=html&lang=en")
    assert "GeoPackage" in page.text
    assert "<script" not in page.text


def test_a_collection_links_its_files_and_items_by_format(served):
    links = served.get("/collections/subdistricts").json()["links"]
    files = {link["href"].rpartition("subdistricts.")[2] for link in links
             if link["rel"] == "enclosure"}  # fmt: skip
    assert files == set(ENDINGS)
    kinds = {link["type"] for link in links if link["rel"] == "items"}
    assert {"application/geo+json", "application/geopackage+sqlite3", "text/csv"} <= kinds


@pytest.mark.parametrize("ending", ["geojson", "gpkg"])
def test_a_download_that_broke_off_goes_on_where_it_stopped(served, ending):
    address = f"{FOLDER}/subdistricts.{ending}"
    whole = served.get(address, headers=PLAIN)
    rest = served.get(
        address, headers=PLAIN | {"Range": "bytes=100-", "If-Range": whole.headers["etag"]}
    )
    assert rest.status_code == 206
    assert (
        rest.headers["content-range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    )
    assert whole.content[:100] + rest.content == whole.content
    other = served.get(address, headers=PLAIN | {"Range": "bytes=100-", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)
    beyond = served.get(address, headers=PLAIN | {"Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    assert beyond.headers["content-type"] == "application/problem+json"
    told = beyond.json()
    assert (told["code"], told["size"]) == ("no-such-range", len(whole.content))
    assert told["th"]["detail"] != told["en"]["detail"]


@pytest.mark.parametrize("no_range", ["items=0-9", "bytes", "bytes=", "bytes=9-1", "bytes=x-y"])
def test_a_range_that_is_none_is_passed_over(served, no_range):
    whole = served.get(FILE, headers=PLAIN)
    other = served.get(FILE, headers=PLAIN | {"Range": no_range})
    assert (other.status_code, other.content) == (200, whole.content)


def test_a_range_of_a_file_nobody_asked_for_yet_is_that_range(served):
    part = served.get(FILE, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, b'{"type":"F')
    assert "content-encoding" not in part.headers


def test_a_copy_that_is_still_good_is_not_sent_again(served):
    first = served.get(FILE, headers=PLAIN)
    known = served.get(FILE, headers=PLAIN | {"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_head_tells_the_size_whether_the_file_was_made_or_not(served):
    before = served.head(FILE, headers=PLAIN)
    whole = served.get(FILE, headers=PLAIN)
    after = served.head(FILE, headers=PLAIN)
    for head in (before, after):
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) == len(whole.content)


def test_texts_are_kept_compressed_under_a_tag_of_their_own(served):
    plain = served.get(FILE, headers=PLAIN)
    wait_until(lambda: list(folder_of(served).rglob("*.geojson.gz")))
    with served.stream("GET", FILE, headers={"Accept-Encoding": "br, gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(raw) == plain.content
    rest = {"Range": "bytes=20-", "If-Range": packed.headers["etag"], "Accept-Encoding": "gzip"}
    with served.stream("GET", FILE, headers=rest) as resumed:
        assert raw[:20] + b"".join(resumed.iter_raw()) == raw
    part = served.get(FILE, headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"})
    assert part.content == plain.content[:10]
    assert "Accept-Encoding" in packed.headers["vary"]


def test_a_load_makes_a_new_file_and_old_ones_go_after_a_while(served, country_engine, monkeypatch):
    from layers import versions  # noqa: PLC0415

    path = "/collections/population-by-subdistrict/downloads/population-by-subdistrict.geojson"
    old = served.get(path, headers=PLAIN)
    with transaction(country_engine) as session:
        versions.bump(session, ["indicator:pop_total"])
    monkeypatch.setattr(kept, "_GRACE_S", 0.0)
    new = served.get(path, headers=PLAIN | {"If-None-Match": old.headers["etag"]})
    assert new.status_code == 200
    assert new.json()["dataVersion"] != old.json()["dataVersion"]
    values = {one["id"]: one["properties"]["pop_total"] for one in new.json()["features"]}
    assert values == POPULATION_2024
    states = folder_of(served) / "population-by-subdistrict"
    wait_until(lambda: len(list(states.iterdir())) == 1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_without_room_on_the_disk_the_same_is_sent_and_nothing_kept(served, ending):
    # A file where the folder should be: every attempt to write there fails.
    folder_of(served).parent.mkdir(exist_ok=True)
    folder_of(served).write_text("")
    address = f"{FOLDER}/subdistricts.{ending}"
    first, again = (served.get(address, headers=PLAIN) for _ in range(2))
    assert first.status_code == again.status_code == 200
    if ending != "gpkg":  # GDAL writes the time into it
        assert first.content == again.content
    assert len(first.content) > 1000


def test_a_disk_that_fills_up_in_the_middle_loses_nobody(
    served, monkeypatch, client_of, country_engine
):
    write = _Work.write

    def write_some(self: _Work, path: Path) -> None:
        write(self, path)
        path.write_bytes(path.read_bytes()[:700])
        raise OSError(28, "No space left on device")

    whole = client_of(country_engine).get(FILE, headers=PLAIN)
    monkeypatch.setattr(_Work, "write", write_some)
    assert served.get(FILE, headers=PLAIN).content == whole.content
    assert not list(folder_of(served).rglob("*.geojson"))


def test_what_a_killed_process_left_behind_is_not_taken_for_a_file(served):
    served.get(FILE)
    wait_until(lambda: list(folder_of(served).rglob("*.geojson.gz")))
    state = next(folder_of(served).rglob("subdistricts.geojson")).parent
    left = state / "subdistricts.gpkg.part"
    left.mkdir()
    (left / "subdistricts.gpkg").write_bytes(b"half a file")
    found = served.get(f"{FOLDER}/subdistricts.gpkg")
    assert found.content.startswith(b"SQLite format 3\x00")
    assert not left.exists()


def test_another_database_with_the_same_numbers_has_files_of_its_own(
    client_of, country_engine, settings_for, tmp_path
):
    first = client_of(country_engine, data_dir=tmp_path).get(FILE, headers=PLAIN)
    with transaction(country_engine) as session:
        session.execute(text("UPDATE data_version SET changed_at = changed_at + interval '1 s'"))
        session.execute(text("UPDATE area SET name_en = 'Elsewhere'"))
        session.execute(text("DELETE FROM place_text"))
    other = client_of(country_engine, data_dir=tmp_path).get(FILE, headers=PLAIN)
    assert other.headers["etag"] != first.headers["etag"]
    assert other.json()["features"][0]["properties"]["name_en"] == "Elsewhere"


def test_equal_requests_at_once_make_one_file_in_all_workers(tmp_path):
    made, begun = [], threading.Barrier(2)

    def write(path: Path) -> None:
        made.append(path)
        time.sleep(0.05)
        path.write_bytes(b"whole")

    workers = [KeptFiles(tmp_path, 1 << 20) for _ in range(2)]

    def ask(files: KeptFiles) -> bytes:
        place = files.folder("layer", "state").file("layer.csv")
        begun.wait()
        for future in [files.make(place, write, is_packed=False) for _ in range(4)]:
            future.result(LONGEST_S)
        return place.path.read_bytes()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask, workers)) == [b"whole"] * 2
    assert len(made) == 1
    for files in workers:
        files.close()


def test_files_stay_within_their_bound_and_the_longest_unused_go(tmp_path):
    files = KeptFiles(tmp_path, 2500)
    for number in range(4):
        place = files.folder(f"layer-{number}", "state").file("layer.csv")
        made = files.make(place, lambda path: path.write_bytes(b"x" * 1000), is_packed=False)
        made.result(LONGEST_S)
        wait_until(lambda: not files._under_way)
        os.utime(place.folder, (number, number))
    left = {path.parts[-3] for path in tmp_path.rglob("*.csv")}
    assert left == {"layer-2", "layer-3"}
    files.close()


def test_a_reader_gets_the_beginning_while_the_end_is_being_written(
    serve, settings_for, country_url, monkeypatch
):
    is_read = threading.Event()
    pieces = _Work.write

    def write_slowly(self: _Work, path: Path) -> None:
        pieces(self, path)
        whole = path.read_bytes()
        with path.open("wb", buffering=0) as file:
            file.write(whole[:500])
            assert is_read.wait(LONGEST_S)
            file.write(whole[500:])

    monkeypatch.setattr(_Work, "write", write_slowly)
    address = serve(settings_for(country_url))
    with httpx2.stream("GET", f"{address}{FILE}", headers=PLAIN) as answer:
        parts = answer.iter_raw()
        body = next(parts)
        while len(body) < 500:
            body += next(parts)
        is_read.set()
        body += b"".join(parts)
    assert len(json.loads(body)["features"]) == len(SUBDISTRICTS)


@pytest.mark.parametrize(
    "path", [f"{FOLDER}/orgs.geojson", f"{FOLDER}/subdistricts.shp", "/collections/x/downloads"]
)
def test_there_is_no_other_file(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
