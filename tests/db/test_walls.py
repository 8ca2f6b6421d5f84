"""Walls inside the database: what a role may do there, whatever a program does wrong."""

from __future__ import annotations

import uuid
from contextlib import closing

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from sqlalchemy import make_url, text

from geo_service.core import migrations, rights, roles
from geo_service.core.db import engine_url, make_engine, transaction
from geo_service.core.errors import Unavailable
from geo_service.core.models import Base
from ingest import refresh
from layers import inside
from tests.builders import build_small_country

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


def logged_in(databases, url: str, role: str):
    address = make_url(databases.url_of(url, role)).set(drivername="postgresql")
    connection = psycopg2.connect(address.render_as_string(hide_password=False))
    connection.autocommit = True
    return closing(connection)


def asked(connection, statement: str, **values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


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


def test_every_table_has_a_class(engine):
    with engine.connect() as connection:
        found = rights.strays(connection)
    assert not found, f"write down in geo_service/core/roles.py what these are: {found}"


def test_rights_are_as_they_are_written_down_and_settling_again_changes_nothing(engine):
    with engine.connect() as connection:
        assert rights.differences(connection) == []
        assert roles.missing_statements(connection) == []


def test_a_table_of_a_later_migration_is_nobodys(country_engine, databases):
    with country_engine.begin() as connection:
        connection.execute(text("CREATE TABLE geo.later (secret int)"))
        connection.execute(text("GRANT SELECT ON geo.later TO PUBLIC"))
        rights.settle(connection)
    url = country_engine.url.render_as_string(hide_password=False)
    for role in roles.ROLES:
        with logged_in(databases, url, role) as connection, pytest.raises(InsufficientPrivilege):
            asked(connection, "SELECT * FROM geo.later")


def test_no_role_is_more_than_it_seems(engine):
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT rolname FROM pg_roles WHERE rolname = ANY (:names)"
                " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
            ),
            {"names": list(roles.ROLES)},
        ).all()
    assert found == []


@pytest.mark.parametrize("role", [roles.READER, roles.INSIDER])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO geo.area (level, code, name_th, name_en) VALUES ('country', 'X', '', '')",
        "UPDATE geo.place_value SET value = 1",
        "DELETE FROM geo.dataset",
        "TRUNCATE geo.hexbin",
        "SELECT pg_sleep(0.1)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_create(0)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_advisory_lock(7105466012)",
        "COPY geo.area TO '/tmp/areas'",
        "COPY geo.area FROM PROGRAM 'id'",
        "COPY geo.sealed_slice_value TO STDOUT WITH (FORMAT nonsense)",
        "CREATE TABLE geo.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET ROLE geo_owner",
        "SET ROLE geo_ingest",
        "SET SESSION AUTHORIZATION geo_owner",
        "SELECT * FROM geo.observation",
        "SELECT * FROM geo.row_before",
        "SELECT report FROM geo.ingest_run",
        "SELECT password_hash FROM geo.account",
        "SELECT * FROM geo.audit",
        "SELECT geo.measure('area')",
    ],
)
def test_who_serves_may_not(databases, country_url, role, statement):
    with logged_in(databases, country_url, role) as connection:
        # Also for who turns off what a connection may turn off.
        asked(connection, "SET default_transaction_read_only TO off")
        with pytest.raises(psycopg2.Error) as caught:
            asked(connection, statement)
    assert caught.value.pgcode in {"42501", "0A000", "22023"}, caught.value


def test_who_serves_only_reads_from_the_first_moment(databases, country_url):
    for role in (roles.READER, roles.INSIDER):
        with logged_in(databases, country_url, role) as connection:
            with pytest.raises((ReadOnlySqlTransaction, InsufficientPrivilege)):
                asked(connection, "CREATE TEMP TABLE mine (a int)")
            if not asked(connection, "SELECT session_user <> current_user")[0][0]:
                ((limit, path),) = asked(
                    connection,
                    "SELECT current_setting('statement_timeout'), current_setting('search_path')",
                )
                assert limit == "1min"
                assert path.endswith("geo, public")


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


def test_the_views_have_the_columns_of_their_tables(engine):
    with engine.connect() as connection:
        for name in ("place_value", "slice_value", "indicator"):
            rows = connection.scalars(
                text(
                    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name)"
                    " AND attnum > 0 AND NOT attisdropped"
                ),
                {"name": f"{inside.INSIDE}.{name}"},
            )
            assert set(rows) == {one.name for one in Base.metadata.tables[f"geo.{name}"].columns}


def test_views_follow_a_table_that_gains_a_column(country_engine):
    with country_engine.begin() as connection:
        connection.execute(text("ALTER TABLE geo.place_value ADD COLUMN later int"))
        inside.write_views(connection)
        rights.settle(connection)
        assert connection.execute(text("SELECT later FROM geo_inside.place_value LIMIT 1")).all()
        assert connection.scalar(
            text("SELECT has_table_privilege('geo_insider', 'geo_inside.place_value', 'SELECT')")
        )


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


def test_the_desk_adds_to_the_record_and_changes_nothing_of_it(databases, country_url):
    with logged_in(databases, country_url, roles.DESK) as connection:
        asked(connection, "INSERT INTO geo.audit (action, who_kind) VALUES ('sign-in', 'user')")
        for statement in ("UPDATE geo.audit SET action = ''", "DELETE FROM geo.audit"):
            with pytest.raises(InsufficientPrivilege):
                asked(connection, statement)
        with pytest.raises(InsufficientPrivilege):
            asked(connection, "SELECT * FROM geo.sealed_value")


def test_loads_change_rows_and_never_tables(databases, country_url):
    with logged_in(databases, country_url, roles.INGEST) as connection:
        asked(connection, "CREATE TEMP TABLE mine (a int)")
        asked(connection, "SELECT geo.measure('area')")
        for statement in (
            "CREATE TABLE geo.mine (a int)",
            "ALTER TABLE geo.area ADD COLUMN mine int",
            "DROP TABLE geo.hexbin",
            "TRUNCATE geo.hexbin",
            "SELECT geo.measure('pg_class')",
            "SELECT password_hash FROM geo.account",
            "ALTER TABLE geo.sealed_value DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(psycopg2.Error):
                asked(connection, statement)


def test_loads_and_refreshes_need_no_more_than_their_role(databases):
    url = databases.create("loads", template="empty")
    engine = make_engine(databases.url_of(url, roles.INGEST))
    with transaction(engine) as session:
        build_small_country(session)
    with transaction(engine) as session:
        refresh.refresh(session, resolutions="5-7", only_changed=False)
        assert session.scalar(text("SELECT current_user")) == roles.INGEST
        # Written by loads, and in sight of none but insiders of the scope.
        assert session.scalar(text("SELECT count(*) FROM geo.sealed_value")) > 0
        refresh.measure(session)
    engine.dispose()


class TestALoginThatIsNoAdministrator:
    @pytest.fixture
    def low(self, databases):
        """A login that owns its database and may make no roles."""
        name = f"geo_test_low_{uuid.uuid4().hex[:8]}"
        admin = make_engine(databases.create("low"), isolation="AUTOCOMMIT")
        with admin.connect() as connection:
            for extension in ("postgis", "btree_gist", "pg_trgm"):
                connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
            connection.execute(text(f"CREATE ROLE {name} LOGIN"))
            connection.execute(text(f'ALTER DATABASE "{admin.url.database}" OWNER TO {name}'))
        login = make_url(engine_url(str(admin.url))).set(username=name, password=None)
        try:
            psycopg2.connect(login.set(drivername="postgresql").render_as_string()).close()
            yield admin, login.render_as_string()
        except psycopg2.OperationalError:
            pytest.skip("this server lets no login in without a password")
        finally:
            with admin.connect() as connection:
                connection.execute(text("DROP SCHEMA IF EXISTS geo_inside, geo CASCADE"))
                connection.execute(
                    text(f'ALTER DATABASE "{admin.url.database}" OWNER TO CURRENT_USER')
                )
                connection.execute(text(f"DROP OWNED BY {name}"))
                connection.execute(text(f"DROP ROLE {name}"))
            admin.dispose()

    def test_is_told_the_statements_for_one_and_then_gets_on(self, low, databases):
        admin, url = low
        with pytest.raises(Unavailable) as caught:
            migrations.upgrade(url)
        said = caught.value.detail.en
        assert "GRANT geo_reader TO geo_test_low_" in said
        statements = said.partition("migrate again: ")[2].split(";")
        with admin.connect() as connection:
            for statement in filter(None, map(str.strip, statements)):
                connection.execute(text(statement))
        migrations.upgrade(url)
        migrations.upgrade(url)
        engine = make_engine(roles.taking_on(url, roles.READER))
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT current_user")) == roles.READER
            assert connection.scalar(text("SELECT count(*) FROM geo.area")) == 0
            with pytest.raises(Exception, match="permission denied"):
                connection.scalar(text("SELECT count(*) FROM geo.observation"))
        engine.dispose()
        engine = make_engine(url)
        with engine.connect() as connection:
            assert rights.differences(connection) == []
            left = rights.unguarded(connection)
            assert "REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM PUBLIC" in left
        engine.dispose()


def test_a_load_may_end_the_connection_of_a_reader_that_does_not_let_go(databases, country_engine):
    url = country_engine.url.render_as_string(hide_password=False)
    with (
        logged_in(databases, url, roles.READER) as reader,
        logged_in(databases, url, roles.INGEST) as load,
    ):
        if asked(reader, "SELECT session_user <> current_user")[0][0]:
            pytest.skip("this server lets no role in without a password")
        asked(reader, "SELECT pg_try_advisory_lock_shared(7105466013)")
        asked(load, "UPDATE geo.data_version SET number = number + 1 WHERE subject = 'areas'")
        with pytest.raises(psycopg2.OperationalError):
            asked(reader, "SELECT 1")
