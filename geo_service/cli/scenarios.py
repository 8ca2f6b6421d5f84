"""Commands about what if: ``scenarios add``, ``list``, ``show`` and ``remove``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from geo_service.cli.terminal import line, out, say
from geo_service.core.text import Text

#: Whom scenarios are kept and calculated as; see `geo_service.core.roles`.
INGEST = "geo_ingest"

scenarios = typer.Typer(no_args_is_help=True, help="ฉากทัศน์ · What if: add, list, show, remove.")


@scenarios.command("add")
def scenarios_add(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but keep it.")] = False,
) -> None:
    """Keep a scenario as a new version, and calculate it."""
    from geo_service.cli import steps
    from ingest import scenarios as kept

    added = kept.add(steps.opened(steps.configured(), INGEST), path, dry_run=dry_run)
    for note in added.notes:
        say(Text(th=f"! {note.th}", en=note.en))
    mark = "✓" if added.is_new else "="
    out.print(f"{mark} {added.name} · {added.number} · sha256 {added.hash}")
    if dry_run:
        say(Text(th="ทดลองเท่านั้น ไม่ได้บันทึก", en="a dry run: nothing was kept"))


@scenarios.command("list")
def scenarios_list() -> None:
    """List the scenarios."""
    from geo_service.cli import steps
    from geo_service.core.db import transaction
    from layers import scenarios as kept

    with transaction(steps.opened(steps.configured())) as session:
        for one in kept.list_all(session):
            out.print(f"{one.name:<34} {one.number:>3}  {line(one.document.title)}")
            if one.refused is not None:
                out.print(f"  ! {line(one.refused)}")


@scenarios.command("show")
def scenarios_show(
    name: Annotated[str, typer.Argument(help="Name of a scenario.")],
    *,
    version: Annotated[int | None, typer.Option(min=1, help="The newest when absent.")] = None,
) -> None:
    """Show a scenario and what it gives for the country and for the places it acts on."""
    from geo_service.cli import steps
    from geo_service.core.db import transaction
    from layers import scenarios as kept

    with transaction(steps.opened(steps.configured())) as session:
        found = kept.read(session, name, version=version)
        out.print(json.dumps(found.row.document, ensure_ascii=False, indent=2))
        out.print(f"sha256 {found.row.hash} · {found.row.created_at:%Y-%m-%d %H:%M}")
        for one in found.lines:
            if one.level in {"country", kept.ACTED_ON}:
                low, middle, high = one.difference[[0, 2, 4], -1]
                unit = found.indicators[one.indicator].unit
                out.print(
                    f"{one.indicator} · {line(one.name)} · {found.periods[-1].label.th}: "
                    f"{middle:+,.4g} ({low:+,.4g} ... {high:+,.4g}) {line(unit)}"
                )


@scenarios.command("remove")
def scenarios_remove(
    name: Annotated[str, typer.Argument(help="Name of a scenario.")],
) -> None:
    """Take a scenario out; what it said is kept, and the name may be used again."""
    from geo_service.cli import steps
    from geo_service.core.db import transaction
    from ingest import scenarios as kept
    from ingest.load import hold_lock

    with transaction(steps.opened(steps.configured(), INGEST)) as session:
        hold_lock(session)
        kept.remove(session, name)
    say(Text(th=f"✓ ลบ {name} แล้ว", en="removed"))
