"""Two versions of one source at the same time: one wins as a whole, whichever way they come in."""

from __future__ import annotations

import multiprocessing

import pytest
from sqlalchemy import text

from geo_service.core.db import make_engine
from ingest.pipeline import Way, ingest
from tests.desk import HEADER, opened, with_people
from tests.waste_report import BY_LEVEL

PLACES = ("50,จังหวัด,แสนสุข", "51,จังหวัด,ร่มเย็น", "3500101,อปท.,เทศบาลนครแสนสุข",
          "6500103,อปท.,อบต.ท่าช้าง", "5510101,อปท.,เทศบาลตำบลในเมือง")  # fmt: skip
YEARS = range(2550, 2562)


def report(step):
    """Of the same places and years, no number like that of another report."""
    rows = [
        f"{place},{year},{step + at * 0.25 + year - 2550}"
        for at, place in enumerate(PLACES)
        for year in YEARS
    ]
    return HEADER + "\n".join(rows) + "\n"


FIRST, SECOND = report(1.125), report(100.375)
SUMS = (
    (
        "SELECT count(*), md5(string_agg(concat_ws('|', period_key, area_id, org_id, value,"
        " status), ',' ORDER BY period_key, area_id, org_id)) FROM geo.observation"
        " WHERE dataset_id = 'waste-report'"
    ),
    (
        "SELECT count(*), md5(string_agg((to_jsonb(v) - 'version')::text, ',' ORDER BY"
        " (to_jsonb(v) - 'version')::text)) FROM geo.place_value AS v"
    ),
    (
        "SELECT count(*), md5(string_agg((to_jsonb(h) - 'version')::text, ',' ORDER BY"
        " (to_jsonb(h) - 'version')::text)) FROM geo.hexbin AS h"
    ),
)


def checksums(engine):
    with engine.connect() as connection:
        return [tuple(connection.execute(text(sql)).one()) for sql in SUMS]


def _load(url, path, *, recipe, begin, results):
    engine = make_engine(url)
    begin.wait(timeout=120)
    results.put(ingest(engine, path, recipe=recipe, way=Way(resolutions="5-6")).outcome)


def loaded(engine, folder, *contents):
    """Load each in a process of its own, all from the same moment on."""
    recipe = folder / "mine.toml"
    recipe.write_text(BY_LEVEL, encoding="utf-8")
    context = multiprocessing.get_context("spawn")
    begin, results = context.Barrier(len(contents)), context.Queue()
    processes = []
    for at, content in enumerate(contents):
        path = folder / f"waste-{at}.csv"
        path.write_text(content, encoding="utf-8")
        url = engine.url.render_as_string(hide_password=False)
        told = {"recipe": recipe, "begin": begin, "results": results}
        processes.append(context.Process(target=_load, args=(url, path), kwargs=told))
        processes[-1].start()
    outcomes = [results.get(timeout=240) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert set(outcomes) == {"loaded"}
    return checksums(engine)


def test_of_two_files_loaded_by_two_processes_at_once_one_wins_whole(
    databases, country_template, tmp_path
):
    found = {}
    for name, contents in {
        "first": (FIRST,), "second": (SECOND,), "both": (FIRST, SECOND),
    }.items():  # fmt: skip
        engine = make_engine(databases.create(f"two_{name}", template=country_template))
        found[name] = loaded(engine, tmp_path, *contents)
        engine.dispose()
    assert found["first"] != found["second"]
    assert found["both"][0][0] == len(PLACES) * len(YEARS)
    assert found["both"] in (found["first"], found["second"])


@pytest.fixture
def desk(databases, country_template, client_of, tmp_path):
    made = with_people(databases.create("two_desk", template=country_template))
    yield opened(made, client_of, tmp_path, upload_mb=4)
    made.dispose()


def test_of_two_files_sent_and_published_at_once_one_wins_whole(desk):
    def checked(content):
        number = desk.sent(content, who="dla.one")["id"]
        desk.done(number, "check", "ana")
        return number

    alone = []
    for content in (FIRST, SECOND):
        number = checked(content)
        assert desk.done(number, "publish", "dla.two")["state"] == "published"
        alone.append(checksums(desk.engine))
        assert desk.done(number, "undo", "dla.two")["state"] == "undone"
    assert alone[0] != alone[1]

    both = [checked(content) for content in (FIRST, SECOND)]
    begun = [desk.step(number, "publish", "dla.two").status_code for number in both]
    assert begun == [202, 202]
    ended = [desk.settled(number)["state"] for number in both]
    assert ended == ["published", "published"]
    assert checksums(desk.engine) in alone
