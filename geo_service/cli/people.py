"""Commands about people and programs: ``users`` and ``keys``.

The first administrator is made here, by whoever may run commands on the machine; there is no
page that could be found by somebody else first.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from geo_service.cli.terminal import err, out, say
from geo_service.core.text import Text

if TYPE_CHECKING:
    from sqlalchemy import Engine

users = typer.Typer(no_args_is_help=True, help="บัญชีผู้ใช้ · Accounts of people and programs.")
keys = typer.Typer(no_args_is_help=True, help="คีย์ของโปรแกรม · Keys of programs.")

_ROLES = "reader, analyst, lao, province, dla, admin"
Name = Annotated[str, typer.Argument(help="Name of the account.")]
Role = Annotated[str, typer.Option(help=f"One of {_ROLES}.")]
Place = Annotated[str | None, typer.Option(help="Code: organisation (lao) or province.")]
Title = Annotated[str | None, typer.Option(help="Name of the person or office.")]
Email = Annotated[str | None, typer.Option(help="E-mail address.")]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make a password, print it once; changed at sign-in.")
]


@users.command("add")
def users_add(
    name: Name,
    *,
    role: Role = "reader",
    place: Place = None,
    title: Title = None,
    email: Email = None,
    generate: Generate = False,
    keys_only: Annotated[
        bool, typer.Option("--keys-only", help="No password: a program that only uses keys.")
    ] = False,
) -> None:
    """Make an account; the password is asked for, twice, unless one is made."""
    from geo_service.core import audit
    from geo_service.core.accounts import people
    from geo_service.core.accounts.tokens import make_readable
    from geo_service.core.db import transaction

    engine = _desk()
    _see_place(engine, role, place)
    password = None if keys_only else make_readable() if generate else _asked_password()
    with transaction(engine) as session:
        info = people.add(
            session, name, role=role, place=place, title=title or "", email=email,
            password=password, must_change=generate,
        )  # fmt: skip
        audit.note(session, "account-made", None, what=info.name,
                      detail={"role": info.role, "place": info.place})  # fmt: skip
    say(Text(th=f"✓ สร้างบัญชี {info.name} ({info.role})", en="account made"))
    if generate and password is not None:
        _show_once(password)


@users.command("list")
def users_list() -> None:
    """List accounts."""
    from geo_service.core.accounts import people
    from geo_service.core.db import transaction

    with transaction(_desk()) as session:
        for one in people.list_all(session):
            place = f" {one.place}" if one.place else ""
            state = "ระงับ · disabled" if one.disabled_at else one.way_in
            seen = f"{one.signed_in_at:%Y-%m-%d}" if one.signed_in_at else "-"
            out.print(
                f"{one.name:<30} {one.role + place:<20} {state:<10} keys {one.keys:<3}"
                f" {seen:<11} {one.title}"
            )


@users.command("set")
def users_set(
    name: Name,
    *,
    role: Annotated[str | None, typer.Option(help=f"One of {_ROLES}.")] = None,
    place: Place = None,
    title: Title = None,
    email: Email = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let a disabled one in again.")] = False,
) -> None:
    """Change an account: its role, place, title or address."""
    from geo_service.core import audit
    from geo_service.core.accounts import people
    from geo_service.core.accounts.people import Wishes
    from geo_service.core.db import transaction

    engine = _desk()
    with transaction(engine) as session:
        before = people.read(session, name)
    if role is not None or place is not None:
        _see_place(engine, role or before.role, place or before.place)
    with transaction(engine) as session:
        info = people.change(session, name, Wishes(title, email, role, place))
        audit.note(session, "account-changed", None, what=info.name,
                      detail={"before": {"role": before.role, "place": before.place},
                              "after": {"role": info.role, "place": info.place}})  # fmt: skip
        if enable:
            people.enable(session, name)
            audit.note(session, "account-enabled", None, what=info.name)
    say(Text(th=f"✓ {info.name}: {info.role} {info.place or ''}".rstrip(), en="changed"))


@users.command("disable")
def users_disable(name: Name) -> None:
    """Disable an account: its sessions end, its keys are refused."""
    from geo_service.core import audit
    from geo_service.core.accounts import people
    from geo_service.core.db import transaction

    with transaction(_desk()) as session:
        info = people.disable(session, name)
        audit.note(session, "account-disabled", None, what=info.name)
    say(Text(th=f"✓ ระงับบัญชี {info.name}", en="disabled"))


@users.command("password")
def users_password(name: Name, *, generate: Generate = False) -> None:
    """Give an account a new password; its sessions end."""
    from geo_service.core import audit
    from geo_service.core.accounts import people
    from geo_service.core.accounts.fields import settle_name
    from geo_service.core.accounts.tokens import make_readable
    from geo_service.core.db import transaction

    engine = _desk()
    password = make_readable() if generate else _asked_password()
    with transaction(engine) as session:
        people.set_password(session, name, password, must_change=generate)
        audit.note(session, "password-changed", None, what=settle_name(name))
    say(Text(th="✓ เปลี่ยนรหัสผ่านแล้ว", en="password changed"))
    if generate:
        _show_once(password)


@keys.command("add")
def keys_add(
    user: Annotated[str, typer.Option(help="Account the key belongs to.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, load, publish, manage; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1095, help="How long it is good.")] = 365,
) -> None:
    """Make a key; it is printed this once, alone on standard output."""
    from geo_service.core import audit
    from geo_service.core.accounts import keys as register
    from geo_service.core.accounts.fields import settle_name
    from geo_service.core.db import transaction

    name, scopes = settle_name(user), scope or ["read"]
    with transaction(_desk()) as session:
        key, prefix = register.make(session, name, label=label, scopes=scopes, days=days)
        audit.note(
            session, "key-made", None, what=prefix, detail={"account": name, "scopes": scopes}
        )
    out.print(key)
    err.print("คัดลอกเก็บไว้เดี๋ยวนี้ ระบบไม่แสดงอีก · copy it now: it is not shown again")


@keys.command("list")
def keys_list(
    user: Annotated[str | None, typer.Option(help="Only those of one account.")] = None,
) -> None:
    """List keys; only their prefixes are known."""
    from geo_service.core.accounts import keys as register
    from geo_service.core.accounts.fields import settle_name
    from geo_service.core.db import transaction

    with transaction(_desk()) as session:
        for one in register.list_all(session, settle_name(user) if user else None):
            state = "good" if one.is_good else "revoked" if one.revoked_at else "over"
            used = f"{one.used_at:%Y-%m-%d}" if one.used_at else "-"
            out.print(
                f"gk_{one.prefix}  {one.account:<24} {'+'.join(one.scopes):<24} {state:<8}"
                f" until {one.expires_at:%Y-%m-%d} used {used:<11} {one.label}"
            )


@keys.command("revoke")
def keys_revoke(
    prefix: Annotated[str, typer.Argument(help="Prefix of the key, with or without gk_.")],
) -> None:
    """Revoke a key; every process refuses it within half a minute."""
    from geo_service.core import audit
    from geo_service.core.accounts import keys as register
    from geo_service.core.db import transaction

    # Whoever pastes the whole key means it, too; its secret goes nowhere.
    bare = prefix.removeprefix("gk_").partition("_")[0]
    with transaction(_desk()) as session:
        owner = register.revoke(session, bare)
        audit.note(session, "key-revoked", None, what=bare, detail={"account": owner})
    say(Text(th=f"✓ เพิกถอน gk_{bare} ของ {owner}", en="revoked"))


def _desk() -> Engine:
    from geo_service.cli import steps
    from geo_service.core.roles import DESK

    return steps.opened(steps.configured(), DESK)


def _see_place(engine: Engine, role: str, place: str | None) -> None:
    from boundaries.places import find_name
    from geo_service.core.accounts.fields import read_role
    from geo_service.core.auth import PLACED_ROLES
    from geo_service.core.db import transaction
    from geo_service.core.errors import BadParameter

    level = PLACED_ROLES.get(read_role(role, place))
    if level is None:
        return
    with transaction(engine) as session:
        found = find_name(session, level, place or "")
    if found is None:
        raise BadParameter(
            Text(th=f"ไม่มีพื้นที่รหัส '{place}'", en=f"There is no place of the code '{place}'"),
            parameter="place",
        )


def _asked_password() -> str:
    if not sys.stdin.isatty():
        # For scripts: one line, never an argument that others on the machine could see.
        return sys.stdin.readline().rstrip("\r\n")
    said: str = typer.prompt(
        "รหัสผ่าน · Password", hide_input=True, confirmation_prompt=True, err=True
    )
    return said


def _show_once(password: str) -> None:
    err.print("รหัสผ่านแรก แสดงครั้งเดียว · first password, shown this once:")
    out.print(password)
