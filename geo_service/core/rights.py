"""Rights in one database: what the roles may do there, brought in line with what is written.

Rights follow from `geo_service.core.roles` alone. Looking compares them with what the database
says; `settle` runs only the statements that differ, so it may run at every start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, text

from geo_service.core.db import SCHEMA
from geo_service.core.roles import (
    DESK,
    INGEST,
    INSIDER,
    RIGHTS,
    ROLES,
    TABLES,
    WITHHELD_COLUMNS,
)

#: Where the views of insiders are (`layers.inside`), and what they stand on.
INSIDE: Final = "geo_inside"

#: Functions that nobody needs to read maps with: they sleep, touch files, change a session, end
#: or hold up the work of others. By name; PUBLIC loses them, these roles keep them.
GUARDED: Final[Mapping[str, Sequence[str]]] = {
    "pg_sleep": (INGEST,),
    "pg_sleep_for": (),
    "pg_sleep_until": (),
    "pg_read_file": (),
    "pg_read_binary_file": (),
    "pg_ls_dir": (),
    "pg_stat_file": (),
    "set_config": (INGEST, INSIDER, DESK),
    "pg_terminate_backend": (INGEST,),
    "pg_cancel_backend": (INGEST,),
    # The shared ones stay: whoever serves trusts its memory while it holds such a lock.
    "pg_advisory_lock": (INGEST, DESK),
    "pg_advisory_xact_lock": (INGEST, DESK),
    "pg_try_advisory_lock": (INGEST, DESK),
    "pg_try_advisory_xact_lock": (INGEST, DESK),
}
#: Families of such functions: large objects, and connections to elsewhere.
_FAMILIES = r"^(lo_.*|loread|lowrite|dblink.*)$"


class Right(NamedTuple):
    """One right as PostgreSQL knows it; `column` is empty for a whole table."""

    schema: str
    table: str
    column: str
    role: str
    privilege: str


def settle(connection: Connection) -> list[str]:
    """Give and take rights until they are as they should be.

    Parameters
    ----------
    connection : Connection
        Of the owner of the tables, in a transaction; the roles are there.

    Returns
    -------
    list of str
        The statements that were run.
    """
    statements = differences(connection)
    for statement in statements:
        connection.exec_driver_sql(statement)
    return statements


def differences(connection: Connection) -> list[str]:
    """Tell which statements would bring the rights in line.

    Parameters
    ----------
    connection : Connection
        Any of the database; what its role may not change is left out.

    Returns
    -------
    list of str
        Empty when all is as it should be.
    """
    if connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": SCHEMA}) is None:
        return []
    wanted, given = set(_wanted(connection)), set(_given(connection))
    return [
        *_of_database(connection),
        *_of_schemas(connection),
        *(_statement("REVOKE", one, "FROM") for one in sorted(given - wanted)),
        *(_statement("GRANT", one, "TO") for one in sorted(wanted - given)),
        *_of_functions(connection),
        *_of_own_functions(connection),
    ]


def guard(connection: Connection) -> None:
    """Take away the functions that nobody needs, and leave them to the roles that do.

    Parameters
    ----------
    connection : Connection
        Of a superuser, in a transaction; the roles are there.
    """
    for statement in list(_of_functions(connection)):
        connection.exec_driver_sql(statement)


def unguarded(connection: Connection) -> list[str]:
    """List the functions that anybody may still run because their owner is somebody else.

    Parameters
    ----------
    connection : Connection
        Any of the database.

    Returns
    -------
    list of str
        Statements for an administrator.
    """
    return [
        f"REVOKE EXECUTE ON FUNCTION {row.signature} FROM PUBLIC"
        for row in connection.execute(text(_FUNCTIONS), _names())
        if not row.is_ours and row.is_open
    ]


def strays(connection: Connection) -> list[str]:
    """List the tables and views of our schema that no class was written down for.

    Parameters
    ----------
    connection : Connection
        Any of the database.

    Returns
    -------
    list of str
        By name; nobody but the owner may read these.
    """
    return sorted({row.table for row in _columns(connection)} - set(TABLES))


def _wanted(connection: Connection) -> Iterator[Right]:
    for row in _columns(connection):
        for role, privileges in _rights_in(row.table).items():
            if privileges == ("SELECT",) and row.table in WITHHELD_COLUMNS:
                if row.column not in WITHHELD_COLUMNS[row.table]:
                    yield Right(SCHEMA, row.table, row.column, role, "SELECT")
                continue
            for privilege in privileges if row.is_table else ("SELECT",):
                yield Right(SCHEMA, row.table, "", role, privilege)
    for row in connection.execute(text(_COLUMNS), {"schema": INSIDE}):
        yield Right(INSIDE, row.table, "", INSIDER, "SELECT")


def _rights_in(table: str) -> Mapping[str, Sequence[str]]:
    return RIGHTS[TABLES[table]] if table in TABLES else {}


def _given(connection: Connection) -> Iterator[Right]:
    bound = {"schemas": [SCHEMA, INSIDE], "roles": [*ROLES]}
    for row in connection.execute(text(_GIVEN), bound):
        yield Right(*row)


def _statement(verb: str, one: Right, towards: str) -> str:
    column = f' ("{one.column}")' if one.column else ""
    role = one.role if one.role == "PUBLIC" else f'"{one.role}"'
    return f'{verb} {one.privilege}{column} ON "{one.schema}"."{one.table}" {towards} {role}'


def _of_database(connection: Connection) -> Iterator[str]:
    row = connection.execute(text(_DATABASE), {"ingest": INGEST}).one()
    for privilege in row.open:
        yield f"REVOKE {privilege} ON DATABASE {row.name} FROM PUBLIC"
    if not row.ingest_may_temp or "TEMPORARY" in row.open:
        yield f"GRANT TEMPORARY ON DATABASE {row.name} TO {INGEST}"
    if row.public_may_create and row.owns_public:
        yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def _of_schemas(connection: Connection) -> Iterator[str]:
    for schema, roles in ((SCHEMA, ROLES), (INSIDE, (INSIDER,))):
        if connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": schema}) is None:
            continue
        for role in ROLES:
            usage, create = connection.execute(
                text(_SCHEMA), {"role": role, "schema": schema}
            ).one()
            if role in roles and not usage:
                yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
            if (role not in roles and usage) or create:
                yield f"REVOKE ALL ON SCHEMA {schema} FROM {role}"


def _of_functions(connection: Connection) -> Iterator[str]:
    for row in connection.execute(text(_FUNCTIONS), _names()):
        if row.is_ours:
            yield from _kept_by(row, GUARDED.get(row.name, ()))


def _of_own_functions(connection: Connection) -> Iterator[str]:
    for row in connection.execute(text(_OWN_FUNCTIONS), {"schemas": [SCHEMA, INSIDE]}):
        yield from _kept_by(row, [INSIDER if row.schema == INSIDE else INGEST])


def _kept_by(function: Row[Any], roles: Sequence[str]) -> Iterator[str]:
    if function.is_open:
        yield f"REVOKE EXECUTE ON FUNCTION {function.signature} FROM PUBLIC"
    for role in roles:
        if function.is_open or role not in function.roles:
            yield f"GRANT EXECUTE ON FUNCTION {function.signature} TO {role}"


def _names() -> dict[str, object]:
    return {"names": list(GUARDED), "families": _FAMILIES}


def _columns(connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(text(_COLUMNS), {"schema": SCHEMA}).all()


_COLUMNS = """
SELECT c.relname AS table, a.attname AS column, c.relkind IN ('r', 'p') AS is_table
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind IN ('r', 'p', 'v', 'm')
ORDER BY c.relname, a.attnum
"""
_GIVEN = """
WITH given AS (
    SELECT c.relnamespace, c.relname, ''::name AS attname, x.*
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
    WHERE c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT c.relnamespace, c.relname, a.attname, x.*
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid
    CROSS JOIN LATERAL aclexplode(a.attacl) AS x
)
SELECT n.nspname, g.relname, g.attname, coalesce(r.rolname, 'PUBLIC'), g.privilege_type
FROM given AS g
JOIN pg_namespace AS n ON n.oid = g.relnamespace
LEFT JOIN pg_roles AS r ON r.oid = g.grantee
WHERE n.nspname = ANY (:schemas) AND (g.grantee = 0 OR r.rolname = ANY (:roles))
"""
_DATABASE = """
SELECT quote_ident(d.datname) AS name,
       ARRAY(
           SELECT x.privilege_type
           FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS x
           WHERE x.grantee = 0 AND x.privilege_type IN ('CREATE', 'TEMPORARY')
             AND pg_has_role(current_user, d.datdba, 'USAGE')
       ) AS open,
       has_database_privilege(:ingest, d.oid, 'TEMPORARY') AS ingest_may_temp,
       EXISTS (
           SELECT 1 FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
           WHERE n.nspname = 'public' AND x.grantee = 0 AND x.privilege_type = 'CREATE'
       ) AS public_may_create,
       EXISTS (
           SELECT 1 FROM pg_namespace AS n
           WHERE n.nspname = 'public' AND pg_has_role(current_user, n.nspowner, 'USAGE')
       ) AS owns_public
FROM pg_database AS d
WHERE d.datname = current_database()
"""
_SCHEMA = """
SELECT has_schema_privilege(:role, :schema, 'USAGE'), has_schema_privilege(:role, :schema, 'CREATE')
"""
_ACL = """
       EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
               WHERE x.grantee = 0) AS is_open,
       ARRAY(SELECT r.rolname::text FROM aclexplode(p.proacl) AS x
             JOIN pg_roles AS r ON r.oid = x.grantee) AS roles
"""
_FUNCTIONS = f"""
SELECT p.proname AS name, p.oid::regprocedure::text AS signature,
       pg_has_role(current_user, p.proowner, 'USAGE') AS is_ours, {_ACL}
FROM pg_proc AS p
WHERE p.prokind = 'f' AND (p.proname = ANY (:names) OR p.proname ~ :families)
ORDER BY 2
"""  # noqa: S608  (constants of this module)
_OWN_FUNCTIONS = f"""
SELECT n.nspname AS schema, p.oid::regprocedure::text AS signature, {_ACL}
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (:schemas) AND pg_has_role(current_user, p.proowner, 'USAGE')
ORDER BY 2
"""  # noqa: S608  (constants of this module)
