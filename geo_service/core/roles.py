"""The roles of PostgreSQL that the service works as, and what each may do with which table.

Whatever a program does wrong, its connection cannot do more than its role may:

``geo_owner``
    Owns the tables; runs the migrations and nothing else.
``geo_ingest``
    Loads and refreshes: writes rows, makes temporary tables, changes no table.
``geo_reader``
    Serves the public: reads what is published.
``geo_insider``
    Serves those who may see what is withheld, row by row (`layers.inside`).
``geo_desk``
    Keeps accounts, keys and sessions; adds to the audit log.

Roles belong to a whole server, rights to one database: `make_roles` and
`geo_service.core.rights` bring both about, after every run of the migrations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from geo_service.core.errors import Unavailable
from geo_service.core.text import Text

INGEST: Final = "geo_ingest"
READER: Final = "geo_reader"
INSIDER: Final = "geo_insider"
DESK: Final = "geo_desk"
#: Those beside the owner, in the order in which they are made.
ROLES: Final = (INGEST, READER, INSIDER, DESK)

#: What a table is to those who are not its owner. A table without a line in `TABLES` is nobody's.
#: published: all may read it, loads write it. working: loads alone. sealed: loads write it, an
#: insider reads the rows of his scope. desk: accounts and the like. log: added to, never changed.
Class: TypeAlias = Literal["published", "working", "sealed", "desk", "log"]

TABLES: Final[Mapping[str, Class]] = {
    "account": "desk",
    "alembic_version": "published",
    "api_key": "desk",
    "area": "published",
    "area_code": "published",
    "area_event": "published",
    "area_shape": "published",
    "audit": "log",
    "cell_share": "published",
    "data_version": "published",
    "dataset": "published",
    "dataset_version": "published",
    "drawing": "published",
    "embed_revocation": "desk",
    "feature": "published",
    "feature_layer": "published",
    "feature_shape": "published",
    "forecast_run": "published",
    "hex_cell": "published",
    "hexbin": "published",
    "indicator": "published",
    "ingest_run": "published",
    "observation": "working",
    "openid_flow": "desk",
    "org": "published",
    "org_code": "published",
    "org_coverage": "published",
    "org_shape": "published",
    "period": "published",
    "place_forecast": "published",
    "place_text": "published",
    "place_value": "published",
    "point_cell": "published",
    "prepared_tile": "published",
    "privacy_class": "published",
    # Views without what was said: which data set reported, which rows were refused and why.
    "refusal": "published",
    "region_member": "published",
    "region_scheme": "published",
    "reject": "sealed",
    "reported": "published",
    "row_before": "working",
    "scenario": "published",
    "scenario_result": "published",
    "scenario_run": "published",
    "scenario_version": "published",
    "sealed_slice_value": "sealed",
    "sealed_value": "sealed",
    "series_break": "published",
    "sign_in_attempt": "desk",
    "site_type": "published",
    "slice": "published",
    "slice_value": "published",
    "submission": "working",
    "web_session": "desk",
}
#: Columns that stay with those who write a published table.
WITHHELD_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    # A report repeats what stood in the rows that were refused.
    "ingest_run": frozenset({"report"}),
}

_READ, _WRITE = ("SELECT",), ("SELECT", "INSERT", "UPDATE", "DELETE")
#: What each role may do with the tables of a class.
RIGHTS: Final[Mapping[Class, Mapping[str, Sequence[str]]]] = {
    "published": {INGEST: _WRITE, READER: _READ, INSIDER: _READ, DESK: _READ},
    "working": {INGEST: _WRITE},
    "sealed": {INGEST: _WRITE, INSIDER: _READ},
    "desk": {DESK: _WRITE},
    "log": {DESK: ("SELECT", "INSERT"), INGEST: ("INSERT",)},
}

_PATH = "geo, public"
_LIMITS = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "2min"}
#: What holds for a connection from its beginning; an engine may set itself closer limits.
SESSION: Final[Mapping[str, Mapping[str, str]]] = {
    INGEST: {"search_path": _PATH},
    READER: {
        "search_path": _PATH,
        "default_transaction_read_only": "on",
        "statement_timeout": "1min",
        **_LIMITS,
    },
    INSIDER: {
        "search_path": f"geo_inside, {_PATH}",
        "default_transaction_read_only": "on",
        "statement_timeout": "1min",
        **_LIMITS,
    },
    DESK: {"search_path": _PATH, "statement_timeout": "30s", **_LIMITS},
}
_ATTEMPTS = 20
#: SQLSTATE of what happens when two databases of one server are prepared at once: the role is
#: there already, was made this moment, or its settings were changed this moment.
_SAME_MOMENT = frozenset({"42710", "23505", "XX000"})


def make_roles(connection: Connection) -> None:
    """Make the roles that are missing, and set them as they should be.

    Parameters
    ----------
    connection : Connection
        Of the owner of the database, in a transaction; two databases of one server may do so
        at once.

    Raises
    ------
    Unavailable
        If the login may not: the words hold the statements for an administrator.
    DBAPIError
        If the server is at fault otherwise.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        missing = missing_statements(connection)
        try:
            for statement in missing:
                with connection.begin_nested():
                    connection.exec_driver_sql(statement)
        except DBAPIError as error:
            if isinstance(error.orig, InsufficientPrivilege):
                raise Unavailable(_for_administrator(missing)) from error
            code = getattr(error.orig, "pgcode", None)
            if code not in _SAME_MOMENT or attempt == _ATTEMPTS:
                raise
        else:
            return


def missing_statements(connection: Connection) -> list[str]:
    """Tell what an administrator of the server would have to run for the roles.

    Parameters
    ----------
    connection : Connection
        Any of the server.

    Returns
    -------
    list of str
        Statements without semicolons; empty when all is as it should be.
    """
    rows = connection.execute(text(_FOUND), {"names": list(ROLES)})
    found = {row.rolname: row for row in rows}
    statements = [f"CREATE ROLE {name} LOGIN {_HARMLESS}" for name in ROLES if name not in found]
    statements += [
        f"ALTER ROLE {name} {_HARMLESS}" for name, row in found.items() if row.is_dangerous
    ]
    for name, wanted in SESSION.items():
        present = set(found[name].settings) if name in found else set()
        statements += [
            f"ALTER ROLE {name} SET {setting} TO {', '.join(map(repr, value.split(', ')))}"
            for setting, value in wanted.items()
            if f"{setting}={value}" not in present
        ]
    # So that a load may end the connections of readers that do not let go (decision 0013).
    if INGEST not in found or not found[INGEST].is_reader:
        statements.append(f"GRANT {READER} TO {INGEST}")
    login = connection.scalar(text("SELECT quote_ident(session_user)"))
    statements += [
        f"GRANT {name} TO {login}" for name in ROLES if name not in found or not found[name].is_ours
    ]
    return statements


_HARMLESS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
_FOUND = """
SELECT r.rolname, coalesce(r.rolconfig, '{}') AS settings,
       r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls AS is_dangerous,
       pg_has_role(session_user, r.oid, 'MEMBER') AS is_ours,
       pg_has_role(r.oid, coalesce(to_regrole('geo_reader'), r.oid::regrole), 'MEMBER')
           AND to_regrole('geo_reader') IS NOT NULL AS is_reader
FROM pg_roles AS r
WHERE r.rolname = ANY (:names)
"""


def _for_administrator(statements: Sequence[str]) -> Text:
    said = " ".join(f"{one};" for one in statements)
    return Text(
        th="ผู้ใช้ฐานข้อมูลนี้สร้างบทบาท (role) ไม่ได้ ให้ผู้ดูแลเซิร์ฟเวอร์สั่งคำสั่งต่อไปนี้"
        f" แล้วสั่ง geo-service migrate อีกครั้ง: {said}",
        en="This database login may not make roles; have the administrator of the server run"
        f" these statements, then run geo-service migrate again: {said}",
    )
