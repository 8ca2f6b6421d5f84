"""Commands that keep the data: ``backup``, ``restore``, ``verify``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geo_service.cli.terminal import leave, out, say
from geo_service.core.text import Text

if TYPE_CHECKING:
    from geo_service.core.backup import Manifest
    from geo_service.core.settings import Settings

#: As ``cmp`` and ``diff`` leave when two things differ.
DIFFERENT = 1


def backup(
    target: Annotated[
        Path | None, typer.Argument(help="File to write; a folder for a name by the time.")
    ] = None,
) -> None:
    """Keep the whole database in one file; the service and loads go on meanwhile."""
    from geo_service.core import backup as keeping

    settings, url = _ready()
    path = target or settings.data_dir / "backups"
    if path.is_dir() or not path.suffix:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path /= f"geo-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar"
    _tell(keeping.backup(url, path, data_dir=settings.data_dir))
    size_mb = path.stat().st_size / 1e6
    say(Text(th=f"✓ สำรองไว้ที่ {path} ({size_mb:.1f} MB)", en="kept"))


def restore(
    source: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    *,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take the place of the data there; it is set aside."),
    ] = False,
) -> None:
    """Bring a database back from a backup, and check every layer of it."""
    from geo_service.core import backup as keeping

    settings, url = _ready()
    restored = keeping.restore(url, source, data_dir=settings.data_dir, replace=replace)
    _tell(restored.manifest)
    say(Text(th="✓ กู้คืนแล้ว ทุกชั้นข้อมูลตรงกับที่สำรองไว้", en="restored; every layer is as it was"))
    if restored.set_aside:
        name = restored.set_aside
        say(Text(th=f"ฐานข้อมูลเดิมชื่อ {name}", en="the database before it has this name now"))


def verify(
    source: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A backup to compare with.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checksums as JSON.")] = False,
) -> None:
    """Print the checksum of every layer, or compare each with a backup (exit 1: not the same)."""
    from geo_service.core import backup as keeping

    _, url = _ready()
    if source is None:
        layers = keeping.measure(url)
        if as_json:
            out.print(json.dumps([asdict(one) for one in layers], ensure_ascii=False, indent=1))
            return
        for one in layers:
            out.print(f"{one.checksum:<32} {one.rows:>12,} {one.name}")
        return
    differences = keeping.verify(url, source)
    for found in differences:
        before, now = (f"{n:,}" if n >= 0 else "-" for n in (found.rows_before, found.rows_now))
        out.print(f"≠ {found.name:<50} {before} → {now}")
    if differences:
        leave(DIFFERENT)
    say(Text(th="✓ ทุกชั้นข้อมูลตรงกับไฟล์สำรอง", en="every layer is as in the backup"))


def _ready() -> tuple[Settings, str]:
    from geo_service.cli import steps

    settings = steps.located(steps.configured())
    return settings, steps.address(settings)


def _tell(manifest: Manifest) -> None:
    rows = sum(layer.rows for layer in manifest.layers)
    out.print(
        f"· {len(manifest.layers)} layers, {rows:,} rows, migration {manifest.migration},"
        f" PostgreSQL {manifest.postgres}, {manifest.made:%Y-%m-%d %H:%M} UTC"
    )
