"""What is kept in one file comes back whole, or nothing does."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import text

from geo_service.core import backup, migrations
from geo_service.core.checksums import PASSING
from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import BadBackup, Conflict, Unavailable
from ingest import refresh
from tests.logins import do_as_told

ANSWERS = (
    "/collections?f=json",
    "/collections/subdistricts/items?limit=100",
    "/collections/orgs/items?limit=100&f=csv",
    "/collections/waste-by-province/items?period=2566",
    "/collections/ageing-by-district/items",
    "/collections/provinces/tiles/WebMercatorQuad/0/0/0",
    "/maps/waste_gen_tpd.json?level=province",
    "/maps/pop_60p.csv?level=district",
    "/hexbins/pop_total?resolution=5&f=json",
    "/cube?measures=pop_total&rows=province&columns=year",
    "/indicators",
)


def url_of(engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def country(country_engine):
    with transaction(country_engine) as session:
        refresh.refresh(session, resolutions="5-6")
    return country_engine


@pytest.fixture
def kept(country, tmp_path) -> Path:
    target = tmp_path / "country.tar"
    backup.backup(url_of(country), target, data_dir=tmp_path)
    return target


@pytest.fixture
def empty(databases):
    return databases.create("restored")


def is_empty(url: str) -> bool:
    engine = make_engine(url)
    try:
        return migrations.current(engine) is None
    finally:
        engine.dispose()


def altered(source: Path, target: Path, **members: bytes) -> Path:
    """Write a backup again with other contents."""
    with tarfile.open(source) as before, tarfile.open(target, "w") as after:
        for member in before.getmembers():
            content = members.get(member.name.split(".")[0], before.extractfile(member).read())
            member.size = len(content)
            after.addfile(member, io.BytesIO(content))
    return target


def timeless(answer) -> bytes:
    """Leave out when the answer was made."""
    return re.sub(rb'"timeStamp":"[^"]*"', b"", answer.content)


def test_what_was_kept_comes_back_with_every_answer_as_it_was_byte_for_byte(
    country, kept, empty, client_of
):
    backup.restore(empty, kept, data_dir=kept.parent)
    restored = make_engine(empty)
    before, after = client_of(country), client_of(restored)
    for address in ANSWERS:
        one, other = before.get(address), after.get(address)
        assert one.status_code == 200, address
        assert timeless(other) == timeless(one), address
        assert other.headers.get("etag") == one.headers.get("etag"), address
    restored.dispose()
    assert backup.verify(empty, kept) == ()


def test_a_changed_row_is_told_by_its_layer(country, kept):
    with country.begin() as connection:
        connection.execute(
            text("UPDATE geo.place_value SET value = value + 1 WHERE ctid = (SELECT min(ctid)"
                 " FROM geo.place_value WHERE indicator_key = 'pop_total' AND value > 0)")
        )  # fmt: skip
        connection.execute(text("DELETE FROM geo.hexbin WHERE indicator_key = 'pop_total'"))
    found = backup.verify(url_of(country), kept)
    assert [one.name for one in found] == ["hexbin/pop_total", "place_value/pop_total"]
    assert found[0].rows_now == -1
    assert found[1].rows_before == found[1].rows_now


def test_it_comes_back_where_the_owner_has_another_name_and_few_rights(country, kept, low):
    admin, url = low
    with pytest.raises(Unavailable) as caught:
        backup.restore(url, kept, data_dir=kept.parent)
    do_as_told(admin, caught.value)
    backup.restore(url, kept, data_dir=kept.parent)
    owner, count = make_engine(url), text("SELECT count(*) FROM geo.sealed_value")
    with owner.connect() as there, country.connect() as here:
        assert there.scalar(count) == here.scalar(count) > 0
    owner.dispose()


def test_a_backup_during_a_load_holds_the_state_before_it(country, empty, tmp_path):
    target = tmp_path / "during.tar"
    before = backup.measure(url_of(country))
    with country.begin() as loading:
        loading.execute(text("DELETE FROM geo.observation"))
        loading.execute(text("UPDATE geo.area SET name_en = 'half way'"))
        backup.backup(url_of(country), target, data_dir=tmp_path)
    backup.restore(empty, target, data_dir=tmp_path)
    assert backup.measure(empty) == before


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_cut_off_backup_is_refused_and_nothing_is_restored(kept, empty, tmp_path, part):
    cut = tmp_path / "cut.tar"
    whole = kept.read_bytes()
    cut.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(BadBackup):
        backup.restore(empty, cut, data_dir=tmp_path)
    assert is_empty(empty)


def test_a_changed_dump_is_refused_and_nothing_is_restored(kept, empty, tmp_path):
    with tarfile.open(kept) as archive:
        dump = bytearray(archive.extractfile("database.dump").read())
    dump[len(dump) // 2] ^= 1
    with pytest.raises(BadBackup, match="damaged"):
        backup.restore(
            empty, altered(kept, tmp_path / "bad.tar", database=bytes(dump)), data_dir=tmp_path
        )
    assert is_empty(empty)


def test_a_dump_that_does_not_give_what_its_checksums_say_is_refused(kept, empty, tmp_path):
    said = json.loads(backup.read_manifest(kept).model_dump_json())
    next(layer for layer in said["layers"] if layer["table"] == "area")["rows"] += 1
    bad = altered(kept, tmp_path / "bad.tar", manifest=json.dumps(said).encode())
    with pytest.raises(BadBackup, match="area/"):
        backup.restore(empty, bad, data_dir=tmp_path)


@pytest.mark.parametrize("changed", [{"format": 99}, {"migration": "9999"}])
def test_a_backup_of_a_later_version_is_refused(kept, empty, tmp_path, changed):
    said = json.loads(backup.read_manifest(kept).model_dump_json()) | changed
    later = altered(kept, tmp_path / "later.tar", manifest=json.dumps(said).encode())
    with pytest.raises(BadBackup, match="later version"):
        backup.restore(empty, later, data_dir=tmp_path)
    assert is_empty(empty)


def test_what_is_no_backup_is_refused(tmp_path):
    (tmp_path / "letter.tar").write_text("Dear all")
    with pytest.raises(BadBackup, match="no backup"):
        backup.read_manifest(tmp_path / "letter.tar")


def test_data_is_never_written_over_but_set_aside(country, kept, tmp_path, databases):
    url = url_of(country)
    with pytest.raises(Conflict, match="--replace"):
        backup.restore(url, kept, data_dir=tmp_path)
    with country.begin() as connection:
        connection.execute(text("UPDATE geo.area SET name_en = 'after the backup'"))
    restored = backup.restore(url, kept, data_dir=tmp_path, replace=True)
    databases.adopt(restored.set_aside)
    assert backup.verify(url, kept) == ()
    aside = make_engine(country.url.set(database=restored.set_aside).render_as_string(False))
    with aside.connect() as connection:
        names = set(connection.scalars(text("SELECT name_en FROM geo.area")))
    aside.dispose()
    assert names == {"after the backup"}


def test_a_file_that_is_there_is_not_written_over(country, kept, tmp_path):
    with pytest.raises(Conflict):
        backup.backup(url_of(country), kept, data_dir=tmp_path)


def test_only_its_owner_may_read_a_backup(kept):
    assert kept.stat().st_mode & 0o077 == 0


def test_who_was_signed_in_is_not_kept(kept):
    tables = {layer.table for layer in backup.read_manifest(kept).layers}
    assert {"account", "api_key", "audit"} <= tables
    assert tables.isdisjoint(PASSING)


def test_dashboards_of_ones_own_come_along_and_none_is_written_over(country, empty, tmp_path):
    own = tmp_path / "here" / "dashboards"
    own.mkdir(parents=True)
    (own / "mine.toml").write_text("kept")
    (own / "other.toml").write_text("kept")
    target = tmp_path / "with.tar"
    backup.backup(url_of(country), target, data_dir=tmp_path / "here")
    there = tmp_path / "there" / "dashboards"
    there.mkdir(parents=True)
    (there / "other.toml").write_text("changed")
    backup.restore(empty, target, data_dir=tmp_path / "there")
    assert (there / "mine.toml").read_text() == "kept"
    assert (there / "other.toml").read_text() == "changed"
