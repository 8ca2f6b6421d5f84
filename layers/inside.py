"""What insiders see: what is withheld laid over what is public, where their scope reaches.

The views of the schema ``geo_inside`` stand before the tables of the same name for sessions
that look there first, so no statement of `layers` knows who asks. PostgreSQL itself decides which
sealed rows a scope reaches (row level security, by the setting ``geo.scope`` of a transaction);
without a scope the views give what the tables give.

Hexagons, forecasts and prepared tiles are of the public class for everybody: they are made of
public values, so they add nothing to what is published.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry

from geo_service.core.auth import PLACED_ROLES, Principal
from geo_service.core.db import SCHEMA
from geo_service.core.known import MATCH, Known
from geo_service.core.text import Text

INSIDE: Final = "geo_inside"
#: Flag of a value that the reader sees and the public does not.
RESTRICTED: Final = "restricted"
#: Roles that see more than the public; what they see of it is in ``geo_inside.sight`` and in the
#: policies of the sealed tables.
INSIDERS: Final = frozenset({"lao", "province", "dla", "admin"})

#: Key of ``connection.info``: whom to tell before values are read.
ABOUT_TO_SEE: Final = "about_to_see"
#: Key of ``session.info``: the scope of whom the session reads for.
SCOPE: Final = "scope"
#: What whoever takes such values along must know.
NOT_PUBLIC: Final = Text(
    th="อาจมีค่าที่ไม่เผยแพร่ต่อสาธารณะ แสดงตามสิทธิ์ของท่านเท่านั้น ห้ามเผยแพร่หรือส่งต่อ",
    en="May hold values that are not public, shown by your rights alone; do not pass them on",
)
#: Scope of whom the answer at hand is for; nobody's but an insider's is set.
SHOWN_TO: ContextVar[str | None] = ContextVar("shown_to", default=None)
_OVERLAID = ("value", "numerator", "denominator", "status")
_VALUE_KEYS = ("indicator_key", "level", "period_key", "place_id")
_SLICE_KEYS = ("slice_id", "level", "period_key", "place_id")
#: Of a row that the public table does not list at all, because its level is too fine.
_UNLISTED = {
    "reporting": "(s.value IS NOT NULL)::int::bigint",
    "expected": "1::bigint",
    "basis": "'reported'::text",
    "version": "0::bigint",
}


def scope_of(principal: Principal) -> str | None:
    """Tell which rows a principal may see beyond the public ones.

    Parameters
    ----------
    principal : Principal
        Who asks.

    Returns
    -------
    str or None
        ``dla``, ``admin``, ``province:50``, ``lao:6500101``; ``None`` for the public.
    """
    if principal.role not in INSIDERS:
        return None
    if principal.role in PLACED_ROLES:
        return f"{principal.role}:{principal.place}" if principal.place else None
    return principal.role


def follow(engine: Engine) -> Engine:
    """Prepare an engine of the role ``geo_insider`` for `open_session`.

    Parameters
    ----------
    engine : Engine
        Its sessions look into `INSIDE` first.

    Returns
    -------
    Engine
        The same; statements that name a table with its schema find the view, too.
    """
    event.listen(engine, "before_cursor_execute", _before_statement, retval=True)
    event.listen(engine, "checkin", _forget)
    return engine


def open_session(engine: Engine, scope: str, about_to_see: Callable[[], None]) -> Session:
    """Open a session that sees what a scope reaches.

    Parameters
    ----------
    engine : Engine
        From `follow`.
    scope : str
        From `scope_of`.
    about_to_see : callable
        Called once, before the first statement that reads values; what it raises stops it.

    Returns
    -------
    Session
        Nothing is connected yet; the scope ends with each of its transactions.
    """
    # Each statement of the session sees one state; what it finds out is known to it alone.
    session = Session(engine, info={SCOPE: scope, MATCH: Known})

    @event.listens_for(session, "after_begin")
    def begin(opened: Session, transaction: SessionTransaction, connection: Connection) -> None:  # noqa: ARG001  (the event's signature)
        connection.execute(_SET_SCOPE, {"scope": scope})
        if not opened.info.setdefault(ABOUT_TO_SEE, False):
            connection.info[ABOUT_TO_SEE] = partial(_tell, opened, about_to_see)

    return session


def sees_more(session: Session) -> bool:
    """Tell whether a session may show values that are not public.

    Parameters
    ----------
    session : Session
        Any.

    Returns
    -------
    bool
        True for those of `open_session`.
    """
    return SCOPE in session.info


def _before_statement(
    connection: Connection,
    cursor: object,  # noqa: ARG001  (the event's signature)
    statement: str,
    parameters: object,
    *_: object,
) -> tuple[str, object]:
    # A translation of schemas is for all tables of one; pass-through views of all the others
    # would lose their keys, on which grouping relies. Values are bound: no text is touched.
    statement = _OVERLAID_NAMES.sub(rf"{INSIDE}.\1", statement)
    if ABOUT_TO_SEE in connection.info and _VALUES.search(statement):
        connection.info.pop(ABOUT_TO_SEE)()
    return statement, parameters


def _tell(session: Session, about_to_see: Callable[[], None]) -> None:
    session.info[ABOUT_TO_SEE] = True
    about_to_see()


def _forget(connection: object, record: ConnectionPoolEntry) -> None:  # noqa: ARG001  (the event's signature)
    record.info.pop(ABOUT_TO_SEE, None)


def write_views(connection: Connection) -> None:
    """Write the views anew when their tables have changed; after the migrations.

    Parameters
    ----------
    connection : Connection
        Of the owner, in a transaction.
    """
    if connection.scalar(_IS_THERE, {"name": INSIDE}) is None:
        return
    overlays = (
        ("place_value", "sealed_value", _VALUE_KEYS),
        ("slice_value", "sealed_slice_value", _SLICE_KEYS),
    )
    for _, sealed, keys in overlays:
        # With the rights of the owner: that something is withheld is no secret among insiders.
        _write(connection, f"{sealed}_unlisted", _unlisted(sealed, keys), as_reader=False)
    for name, sealed, keys in overlays:
        _write(connection, name, _overlay(connection, name, sealed, keys))
    _write(connection, "indicator", _indicators(connection))


def _write(connection: Connection, name: str, body: str, *, as_reader: bool = True) -> None:
    view, mark = f"{INSIDE}.{name}", hashlib.blake2b(body.encode(), digest_size=12).hexdigest()
    if connection.scalar(_MARK, {"name": view}) == mark:
        return
    connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view} CASCADE")
    kind = "WITH (security_invoker)" if as_reader else ""
    connection.exec_driver_sql(f"CREATE VIEW {view} {kind} AS {body}")
    connection.exec_driver_sql(f"COMMENT ON VIEW {view} IS '{mark}'")


def _unlisted(sealed: str, keys: Sequence[str]) -> str:
    return f"SELECT {', '.join(keys)} FROM {SCHEMA}.{sealed} WHERE NOT is_listed"  # noqa: S608  (names of our own)


def _overlay(connection: Connection, name: str, sealed: str, keys: Sequence[str]) -> str:
    public, unlisted = [], []
    for column, kind in _columns(connection, name):
        plain, own = f"v.{column}", f"s.{column}"
        if column in keys:
            own = f"k.{column}"
        elif column == "status":
            plain, own = _either(plain, own, column), "coalesce(s.status, 'suppressed')"
        elif column in _OVERLAID:
            plain = _either(plain, own, column)
        elif column == "flags":
            plain = _either(plain, f"{plain} || '{RESTRICTED}'::text", column)
            own = f"CASE WHEN s.place_id IS NULL THEN '{{}}' ELSE ARRAY['{RESTRICTED}'::text] END"
        else:
            own = _UNLISTED.get(column, f"NULL::{kind}")
        public.append(plain)
        unlisted.append(f"{own} AS {column}")
    same, known = (" AND ".join(f"s.{key} = {one}.{key}" for key in keys) for one in "vk")
    return (
        f"SELECT {', '.join(public)} FROM {SCHEMA}.{name} AS v"  # noqa: S608  (names of our own)
        f" LEFT JOIN {SCHEMA}.{sealed} AS s ON {same}"
        f" UNION ALL SELECT {', '.join(unlisted)} FROM {INSIDE}.{sealed}_unlisted AS k"
        f" LEFT JOIN {SCHEMA}.{sealed} AS s ON {known}"
    )


def _either(plain: str, own: str, column: str) -> str:
    return f"CASE WHEN s.place_id IS NULL THEN {plain} ELSE {own} END AS {column}"


def _indicators(connection: Connection) -> str:
    # Who sees what is withheld of an indicator sees the levels that are too fine for the public.
    told = ", ".join(
        "CASE WHEN f.indicator_key IS NULL OR i.finest_level = 'org' THEN i.finest_level"
        " ELSE 'subdistrict' END AS finest_level"
        if column == "finest_level"
        else f"i.{column}"
        for column, _ in _columns(connection, "indicator")
    )
    return (
        f"SELECT {told} FROM {SCHEMA}.indicator AS i"  # noqa: S608  (names of our own)
        f" LEFT JOIN {INSIDE}.seen AS f ON f.indicator_key = i.key"
    )


def _columns(connection: Connection, name: str) -> list[tuple[str, str]]:
    rows = connection.execute(_COLUMNS, {"name": f"{SCHEMA}.{name}"})
    return [(row.column, row.kind) for row in rows]


_SET_SCOPE = text("SELECT set_config('geo.scope', :scope, true)")
_OVERLAID_NAMES = re.compile(rf"\b{SCHEMA}\.(place_value|slice_value|indicator|refusal)\b")
_VALUES = re.compile(r"\b(?:place|slice)_value\b")
_IS_THERE = text("SELECT to_regnamespace(:name)")
_MARK = text("SELECT obj_description(to_regclass(:name), 'pg_class')")
_COLUMNS = text(
    "SELECT quote_ident(attname) AS column, format_type(atttypid, atttypmod) AS kind"
    " FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
    " ORDER BY attnum"
)
