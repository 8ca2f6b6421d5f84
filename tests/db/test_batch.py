"""A folder of files is loaded in the order of its list, and never mixed with the sample."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from geo_service.core.db import transaction
from geo_service.core.errors import Conflict, Refused
from geo_service.core.settings import ROOT
from ingest import batch
from ingest.recipe import known_recipes
from tests.builders import add_version


@pytest.fixture
def add(fresh_engine):
    def load(name: str, *, is_sample: bool = False) -> None:
        with transaction(fresh_engine) as session:
            add_version(session, name, kind="indicators", is_sample=is_sample)

    return load


def test_an_empty_database_takes_the_sample_and_needs_no_room(fresh_engine):
    assert batch.wants_sample(fresh_engine)
    assert not batch.make_room(fresh_engine)
    assert batch.loaded(fresh_engine) == []


def test_the_sample_gives_way_to_real_data(fresh_engine, add):
    add("sample-one", is_sample=True)
    assert batch.wants_sample(fresh_engine)
    assert batch.make_room(fresh_engine)


def test_the_sample_is_never_put_on_top_of_real_data(fresh_engine, add):
    add("real-one")
    assert not batch.wants_sample(fresh_engine)
    assert not batch.make_room(fresh_engine)
    (only,) = batch.loaded(fresh_engine)
    assert (only.id, only.version, only.is_sample) == ("real-one", 1, False)


def test_data_of_ones_own_on_the_sample_is_never_thrown_away(fresh_engine, add):
    add("sample-one", is_sample=True)
    add("real-one")
    with pytest.raises(Conflict):
        batch.make_room(fresh_engine)


def test_a_folder_without_a_known_file_is_refused(fresh_engine, tmp_path):
    with pytest.raises(Refused) as caught:
        list(batch.load(fresh_engine, tmp_path))
    assert tmp_path.name in caught.value.detail.th


def test_every_recipe_of_our_list_exists():
    named = {recipe for _, recipe in batch.listed(ROOT)}
    assert named <= set(known_recipes())


def test_a_list_of_ones_own_names_recipes_beside_it(tmp_path):
    (tmp_path / "batch.toml").write_text(
        '[[load]]\nfile = "a/b.csv"\nrecipe = "mine.toml"\n'
        '[[load]]\nfile = "c.csv"\nrecipe = "pcd-waste"\n'
    )
    assert batch.listed(tmp_path) == [
        (tmp_path / "a" / "b.csv", tmp_path / "mine.toml"),
        (tmp_path / "c.csv", "pcd-waste"),
    ]


@pytest.mark.shared
def test_every_file_of_our_list_is_in_the_open_data(shared_data):
    missing = [file for file, _ in batch.listed(shared_data) if not file.exists()]
    assert not missing


def test_a_file_of_the_list_is_loaded_and_passed_over_the_second_time(country_engine, tmp_path):
    (tmp_path / "batch.toml").write_text(
        '[[load]]\nfile = "people.csv"\nrecipe = "people.toml"\n'
        '[[load]]\nfile = "absent.csv"\nrecipe = "people.toml"\n'
    )
    (tmp_path / "people.csv").write_text("code,2025\n500101,12100\n500102,6100\n")
    (tmp_path / "people.toml").write_text(
        """
[dataset]
id = "people"
kind = "indicators"
title_th = "ประชากร"
title_en = "People"

[place]
level = "subdistrict"
code = "code"

[[columns]]
heading = "2025"
indicator = "pop_total"
whole = true

[period]
value = "2568"
"""
    )
    (first,) = batch.load(country_engine, tmp_path)
    assert first.outcome == "loaded", first.as_text("en")
    (second,) = batch.load(country_engine, tmp_path)
    assert second.outcome == "already-loaded"
    with country_engine.connect() as connection:
        total = connection.scalar(
            text("SELECT sum(value) FROM observation WHERE dataset_id = 'people'")
        )
    assert total == 18_200
