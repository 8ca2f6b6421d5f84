"""Walls inside the database: what a role may do there, whatever a program does wrong."""

from __future__ import annotations

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from sqlalchemy import text

from geo_service.core import migrations, rights, roles
from geo_service.core.addresses import taking_on
from geo_service.core.db import make_engine, transaction
from geo_service.core.errors import Unavailable
from geo_service.core.models import Base
from ingest import refresh
from layers import inside
from tests.builders import build_small_country
from tests.logins import asked, do_as_told, logged_in


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


def test_a_login_that_is_no_administrator_is_told_the_statements_for_one_and_then_gets_on(low):
    admin, url = low
    with pytest.raises(Unavailable) as caught:
        migrations.upgrade(url)
    assert "GRANT geo_reader TO geo_test_low_" in caught.value.detail.en
    do_as_told(admin, caught.value)
    migrations.upgrade(url)
    migrations.upgrade(url)
    engine = make_engine(taking_on(url, roles.READER))
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
