"""Look at an installation, say what is well and what to do about the rest."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from geo_service.core import migrations, rights, roles
from geo_service.core.addresses import address_of
from geo_service.core.db import make_engine
from geo_service.core.keeper import EXTENSIONS
from geo_service.core.settings import Settings
from geo_service.core.text import Text

OLDEST_POSTGIS = (3, 3)
LEAST_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``todo`` says what to do when it is not well."""

    is_well: bool
    what: Text
    todo: Text | None = None


def examine(engine: Engine, settings: Settings) -> Iterator[Finding]:
    """Look at the database, its extensions, its tables and what is in them.

    Parameters
    ----------
    engine : Engine
        The database of the installation.
    settings : Settings
        Where its data folder is.

    Yields
    ------
    Finding
        In the order in which they should be mended.
    """
    yield _disk(settings)
    try:
        with engine.connect() as connection:
            yield from _server(connection)
    except SQLAlchemyError as error:
        yield Finding(
            is_well=False,
            what=Text(th="เชื่อมต่อฐานข้อมูลไม่ได้", en="The database cannot be reached"),
            todo=_both(str(getattr(error, "orig", error)).strip().splitlines()[0]),
        )
        return
    at, head = migrations.current(engine), migrations.newest()
    yield Finding(
        is_well=at == head,
        what=Text(th=f"โครงสร้างตารางรุ่น {at or '-'}", en=f"Tables at migration {at or 'none'}"),
        todo=Text(th="สั่ง geo-service migrate", en="run: geo-service migrate"),
    )
    if at == head:
        with engine.connect() as connection:
            yield from _walls(connection)
            yield from _content(connection)
            yield _owner(connection)
        yield from _roles(settings)


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir if settings.data_dir.exists() else settings.data_dir.parent
    free = shutil.disk_usage(folder).free
    return Finding(
        is_well=free >= LEAST_FREE_BYTES,
        what=Text(
            th=f"พื้นที่ว่างในดิสก์ {free / 1024**3:.1f} GiB",
            en=f"{free / 1024**3:.1f} GiB of disk free",
        ),
        todo=Text(
            th="ควรมีอย่างน้อย 2 GiB ย้ายโฟลเดอร์ข้อมูลด้วย GEO_DATA_DIR ได้",
            en="2 GiB at least are wanted; GEO_DATA_DIR puts the data elsewhere",
        ),
    )


def _server(connection: Connection) -> Iterator[Finding]:
    version = connection.scalar(text("SHOW server_version")) or "?"
    encoding = connection.scalar(text("SHOW server_encoding"))
    yield Finding(
        is_well=encoding == "UTF8",
        what=_both(f"PostgreSQL {version}, {encoding}"),
        todo=Text(th="ต้องใช้ฐานข้อมูลแบบ UTF8", en="make the database with ENCODING 'UTF8'"),
    )
    rows = connection.execute(text("SELECT name, default_version FROM pg_available_extensions"))
    available = {str(name): str(version) for name, version in rows}
    for name in EXTENSIONS:
        version = available.get(name, "")
        numbers = tuple(int(part) for part in re.findall(r"\d+", version))
        yield Finding(
            is_well=bool(version) and (name != "postgis" or numbers >= OLDEST_POSTGIS),
            what=_both(f"{name} {version or '-'}"),
            todo=Text(
                th=f"ต้องมีส่วนขยาย {name} (PostGIS 3.3 ขึ้นไป)",
                en=f"the server needs the extension {name} (PostGIS 3.3 or newer)",
            ),
        )
    allowed = connection.scalar(
        text("SELECT has_database_privilege(current_database(), 'CREATE')"
             " OR coalesce(has_schema_privilege(to_regnamespace('geo')::oid, 'CREATE'), false)")
    )  # fmt: skip
    yield Finding(
        is_well=bool(allowed),
        what=Text(th="สิทธิ์เขียนในฐานข้อมูล", en="The role may write"),
        todo=Text(
            th="หากต้องการนำเข้าข้อมูล ให้ผู้ดูแล GRANT CREATE ON DATABASE",
            en="to load data, have the administrator GRANT CREATE ON DATABASE",
        ),
    )


def _walls(connection: Connection) -> Iterator[Finding]:
    missing = roles.missing_statements(connection) or rights.differences(connection)
    yield Finding(
        is_well=not missing,
        what=Text(th="บทบาทและสิทธิ์ในฐานข้อมูล", en="Roles and rights in the database"),
        todo=_both(f"geo-service migrate  -- {'; '.join(missing[:5])}"),
    )
    left = rights.unguarded(connection)
    yield Finding(
        is_well=not left,
        what=Text(
            th=f"ฟังก์ชันของระบบที่ใครก็เรียกได้ {len(left)} รายการ",
            en=f"{len(left)} functions of the server that anybody may run",
        ),
        todo=_both(f"as its administrator: {'; '.join(left)};"),
    )
    strays = rights.strays(connection)
    yield Finding(
        is_well=not strays,
        what=Text(
            th=f"ตารางอื่นที่ไม่ใช่ของระบบในสคีมาของเรา {len(strays)} ตาราง",
            en=f"{len(strays)} tables in our schema that are not ours",
        ),
        todo=Text(
            th=f"ย้ายหรือลบ (มีแต่เจ้าของที่อ่านได้): {', '.join(strays[:5])}",
            en=f"move or drop them (only their owner may read them): {', '.join(strays[:5])}",
        ),
    )


def _owner(connection: Connection) -> Finding:
    login, _, is_super = connection.execute(text(_WHO)).one()
    return Finding(
        is_well=not is_super,
        what=Text(
            th=f"เจ้าของตาราง {login}" + (" เป็น superuser" if is_super else " ไม่ใช่ superuser"),
            en=f"The owner of the tables, {login}, is {'a' if is_super else 'no'} superuser",
        ),
        todo=Text(
            th="ให้เจ้าของเป็นบัญชีที่ไม่ใช่ superuser (ดู docs/security.md)",
            en="let a login that is no superuser own them (see docs/security.md)",
        ),
    )


def _roles(settings: Settings) -> Iterator[Finding]:
    # As each role itself connects: that alone tells how strong its wall is.
    for role in roles.ROLES:
        engine = make_engine(address_of(settings, role), pool_size=1)
        try:
            with engine.connect() as connection:
                current, login, is_super = connection.execute(text(_WHO)).one()
        except SQLAlchemyError as error:
            yield Finding(
                is_well=False,
                what=Text(th=f"{role}: เชื่อมต่อไม่ได้", en=f"{role}: cannot connect"),
                todo=_both(str(getattr(error, "orig", error)).strip().splitlines()[0]),
            )
            continue
        finally:
            engine.dispose()
        if current == login:
            how = Text(th="เข้าด้วยชื่อของตนเอง (กำแพงแข็งแรง)", en="a login of its own: a strong wall")
        else:
            how = Text(
                th=f"บัญชี {login} สวมบทบาท (กำแพงอ่อนกว่า)",
                en=f"taken on by the login {login}: a weaker wall",
            )
        yield Finding(
            # A login with every right is no wall, whatever role it takes on.
            is_well=not is_super,
            what=Text(th=f"{role}: {how.th}", en=f"{role}: {how.en}"),
            todo=Text(
                th=f"ตั้ง {role.upper()}_URL ให้เป็นบัญชีที่ไม่ใช่ superuser",
                en=f"name a login that is no superuser in {role.upper()}_URL",
            ),
        )


_WHO = """
SELECT current_user, session_user, (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)
"""


def _content(connection: Connection) -> Iterator[Finding]:
    load = Text(
        th="โหลดข้อมูลตัวอย่างด้วย geo-service up หรือนำเข้าข้อมูลจริงด้วย geo-service ingest",
        en="load the sample with geo-service up, or real data with geo-service ingest",
    )
    for table, name in (
        ("area", Text(th="พื้นที่การปกครอง", en="administrative areas")),
        ("org", Text(th="องค์กรปกครองส่วนท้องถิ่น", en="local organisations")),
        ("observation", Text(th="ค่าที่รายงาน", en="observations")),
    ):
        count = connection.scalar(text(f"SELECT count(*) FROM geo.{table}")) or 0  # noqa: S608  (our own names)
        yield Finding(
            is_well=count > 0,
            what=Text(th=f"{name.th} {count:,} แถว", en=f"{count:,} {name.en}"),
            todo=load,
        )
    for table, name in (
        ("place_value", Text(th="ค่าที่เตรียมไว้แสดง", en="prepared values")),
        ("hexbin", Text(th="หกเหลี่ยม", en="hexagon values")),
    ):
        count = connection.scalar(text(f"SELECT count(*) FROM geo.{table}")) or 0  # noqa: S608  (our own names)
        yield Finding(
            is_well=count > 0,
            what=Text(th=f"{name.th} {count:,} แถว", en=f"{count:,} {name.en}"),
            todo=Text(th="สั่ง geo-service refresh", en="run: geo-service refresh"),
        )


def _both(words: str) -> Text:
    return Text(th=words, en=words)
