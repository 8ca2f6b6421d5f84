"""Walls inside the database: what an insider sees of what is withheld, by scope."""

from __future__ import annotations

import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import text

from geo_service.core import roles
from geo_service.core.db import make_engine, transaction
from tests.logins import asked, logged_in

LAO, PROVINCE = "lao:6500103", "province:50"


@pytest.fixture(scope="module")
def sealed_country(databases, country_template):
    """The tiny country; one withheld cell at each of some places, as a rebuild leaves them."""
    url = databases.create("walls", template=country_template)
    engine = make_engine(url)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM geo.sealed_value"))
        session.execute(text("DELETE FROM geo.place_value WHERE indicator_key = 'pop_60p'"))
        session.execute(text(SEAL))
        session.execute(text(SEAL_TOO_FINE))
    engine.dispose()
    return url


#: Every place has the same number, so what is seen tells only where it is seen.
SEAL = """
WITH place AS (
    SELECT level, id FROM geo.area WHERE level IN ('province', 'district', 'subdistrict')
    UNION ALL SELECT 'org', id FROM geo.org
),
shown AS (
    INSERT INTO geo.place_value (indicator_key, level, period_key, place_id, status, reporting,
                                 expected, basis, version)
    SELECT 'pop_60p', level, '2024', id, 'suppressed', 1, 1, 'reported', 1 FROM place
)
INSERT INTO geo.sealed_value (indicator_key, level, period_key, place_id, value, status)
SELECT 'pop_60p', level, '2024', id, 3, 'reported' FROM place
"""
#: Of 2023 nothing is listed for the public: too fine.
SEAL_TOO_FINE = """
INSERT INTO geo.sealed_value (indicator_key, level, period_key, place_id, value, status, is_listed)
SELECT 'pop_60p', level, '2023', id, 4, 'reported', false FROM geo.area WHERE level = 'subdistrict'
"""


def seen_with(databases, url: str, scope: str | None, *, period: str = "2024") -> set[str]:
    with logged_in(databases, url, roles.INSIDER) as connection:
        connection.autocommit = False
        if scope is not None:
            asked(connection, "SELECT set_config('geo.scope', %(scope)s, true)", scope=scope)
        rows = asked(
            connection,
            "SELECT coalesce(a.code, o.code) FROM geo_inside.place_value AS v"
            " LEFT JOIN geo.area AS a ON v.level <> 'org' AND a.id = v.place_id"
            " LEFT JOIN geo.org AS o ON v.level = 'org' AND o.id = v.place_id"
            " WHERE v.indicator_key = 'pop_60p' AND v.period_key = %(period)s"
            " AND v.value IS NOT NULL",
            period=period,
        )
        return {code for (code,) in rows}


def test_a_scope_is_no_use_to_the_reader_of_the_public(databases, sealed_country):
    with logged_in(databases, sealed_country, roles.READER) as connection:
        with pytest.raises(InsufficientPrivilege):
            asked(connection, "SELECT set_config('geo.scope', 'admin', false)")
        asked(connection, "SET geo.scope TO 'admin'")
        for table in ("geo.sealed_value", "geo.sealed_slice_value", "geo_inside.place_value"):
            with pytest.raises(InsufficientPrivilege):
                asked(connection, f"TABLE {table}")
        assert asked(
            connection,
            "SELECT count(value) FROM place_value WHERE indicator_key = 'pop_60p'",
        ) == [(0,)]


def test_a_province_sees_its_own_places_and_no_others(databases, sealed_country):
    assert seen_with(databases, sealed_country, PROVINCE) == {
        "50", "5001", "5002", "500101", "500102", "500103", "500201", "500202",
        "2500101", "3500101", "4500102", "6500103", "6500201",
    }  # fmt: skip


def test_an_organisation_sees_itself_and_what_it_covers_wholly(databases, sealed_country):
    # 500102 is covered in part only.
    assert seen_with(databases, sealed_country, LAO) == {"6500103", "500103"}


def test_the_department_sees_all(databases, sealed_country):
    seen = seen_with(databases, sealed_country, "dla")
    assert len(seen) == 2 + 4 + 10 + 9
    assert seen == seen_with(databases, sealed_country, "admin")


@pytest.mark.parametrize(
    "scope",
    [None, "", "reader", "analyst", "public", "lao", "lao:", "province:", "province:99", "lao:50",
     "province:6500103", "dla2", "all", "' OR true --"],
)  # fmt: skip
def test_a_scope_that_is_none_sees_nothing(databases, sealed_country, scope):
    assert seen_with(databases, sealed_country, scope) == set()


def test_levels_too_fine_for_the_public_are_listed_and_filled_as_far_as_the_scope_reaches(
    databases, sealed_country
):
    assert seen_with(databases, sealed_country, LAO, period="2023") == {"500103"}
    with logged_in(databases, sealed_country, roles.INSIDER) as connection:
        connection.autocommit = False
        asked(connection, "SELECT set_config('geo.scope', %(scope)s, true)", scope=LAO)
        found = asked(
            connection,
            "SELECT status, value, flags FROM geo_inside.place_value"
            " WHERE indicator_key = 'pop_60p' AND period_key = '2023' ORDER BY 1, 2",
        )
    assert found == [("reported", 4, ["restricted"])] + [("suppressed", None, [])] * 9


def test_a_scope_ends_with_its_transaction(databases, sealed_country):
    count = "SELECT count(*) FROM geo.sealed_value"
    with logged_in(databases, sealed_country, roles.INSIDER) as connection:
        connection.autocommit = False
        asked(connection, "SELECT set_config('geo.scope', 'dla', true)")
        assert asked(connection, count)[0][0] > 0
        connection.commit()
        assert asked(connection, count) == [(0,)]


def test_personal_data_are_for_the_department_alone(databases, sealed_country):
    engine = make_engine(sealed_country)
    try:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE geo.indicator SET privacy = 'P4' WHERE key = 'pop_60p'")
            )
        assert seen_with(databases, sealed_country, PROVINCE) == set()
        assert seen_with(databases, sealed_country, LAO) == set()
        assert len(seen_with(databases, sealed_country, "dla")) == 25
    finally:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE geo.indicator SET privacy = 'P2' WHERE key = 'pop_60p'")
            )
        engine.dispose()


def test_what_is_refused_is_told_without_what_stood_there(country_engine, databases):
    with country_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO geo.reject (run_id, severity, reason, file_name, said, hint_en)"
                " SELECT min(id), 'refused', 'not-a-number', 'a.csv', 'secret', 'secret'"
                " FROM geo.ingest_run"
            )
        )
    url = country_engine.url.render_as_string(hide_password=False)
    ask = "SELECT reason, said, hint_en FROM refusal"
    with logged_in(databases, url, roles.READER) as connection:
        assert asked(connection, ask) == [("not-a-number", None, "")]
    for scope, told in ((PROVINCE, (None, "")), ("dla", ("secret", "secret"))):
        with logged_in(databases, url, roles.INSIDER) as connection:
            connection.autocommit = False
            asked(connection, "SELECT set_config('geo.scope', %(scope)s, true)", scope=scope)
            found = asked(connection, ask.replace("refusal", "geo_inside.refusal"))
            assert found == [("not-a-number", *told)]
