"""The command line ``geo-service``: starts things, loads things, says how they are.

Everything heavy is imported inside the command that needs it, so that ``--help`` is instant.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geo_service import __version__
from geo_service.cli import keeping, people
from geo_service.cli.embeds import embeds
from geo_service.cli.scenarios import scenarios as what_if
from geo_service.cli.terminal import Friendly, Shown, bars, leave, line, out, say
from geo_service.core.text import Text

#: Whom loads and refreshes work as; see `geo_service.core.roles`, which takes long to import.
INGEST = "geo_ingest"

if TYPE_CHECKING:
    from geo_service.core.settings import Settings
    from ingest.report import Report

app = typer.Typer(
    cls=Friendly,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print local variables, passwords among them
    add_completion=False,
    help="ข้อมูลภูมิสารสนเทศของ อปท. · Geospatial decision support for local administrations.",
)
database = typer.Typer(no_args_is_help=True, help="ฐานข้อมูลส่วนตัวใน .data · The private database.")
datasets = typer.Typer(no_args_is_help=True, help="ชุดข้อมูลที่นำเข้าแล้ว · What was loaded.")
indicators = typer.Typer(cls=Shown, help="ตัวชี้วัด · What is measured: list, show, add, remove.")
app.add_typer(database, name="db")
app.add_typer(indicators, name="indicators")
app.add_typer(what_if, name="scenarios")
app.add_typer(datasets, name="datasets")
app.add_typer(people.users, name="users")
app.add_typer(people.keys, name="keys")
app.add_typer(embeds, name="embeds")
for command in (keeping.backup, keeping.restore, keeping.verify):
    app.command()(command)


def _settings() -> Settings:
    from geo_service.cli import steps

    return steps.configured()


def _version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Geospatial decision support for Thailand's local administrative organisations."""


@app.command()
def up(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Prepare only.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to serve on.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of real data instead of the sample."
        ),
    ] = None,
) -> None:
    """Prepare everything (database, tables, sample, hexagons) and serve; safe to run again."""
    from geo_service.cli import steps

    settings = steps.prepare(_settings(), data)
    if no_serve:
        return
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    steps.serve(steps.free_port(settings))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Server processes.")] = None,
) -> None:
    """Start the HTTP service on a database that is prepared."""
    from geo_service.cli import steps

    asked = {"host": host, "port": port, "workers": workers}
    changed = {name: value for name, value in asked.items() if value is not None}
    steps.serve(steps.located(_settings().model_copy(update=changed)))


@app.command()
def migrate() -> None:
    """Bring the tables to this version (alembic upgrade head)."""
    from geo_service.cli import steps
    from geo_service.core import migrations

    steps.migrate(steps.located(_settings()))
    at = migrations.newest()
    say(Text(th=f"✓ โครงสร้างตารางรุ่น {at}", en=f"tables at migration {at}"))


@app.command()
def ingest(
    path: Annotated[Path, typer.Argument(exists=True, help="File to load.")],
    *,
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or a recipe file (.toml).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but keep it.")] = False,
    report: Annotated[Path | None, typer.Option(help="Where to write the JSON report.")] = None,
    no_refresh: Annotated[
        bool, typer.Option("--no-refresh", help="Leave derived values for a later refresh.")
    ] = False,
) -> None:
    """Load a file: boundaries, organisations, indicators or facilities.

    Exit code 0: loaded or already loaded; 3: loaded, some rows refused; 4: refused.
    """
    from geo_service.cli import steps
    from ingest import pipeline
    from ingest.size import limits_of

    settings = _settings()
    engine = steps.opened(settings, INGEST)
    is_file = recipe.endswith(".toml") or "/" in recipe
    with bars() as progress:
        made = pipeline.ingest(
            engine,
            path,
            recipe=Path(recipe) if is_file else recipe,
            dry_run=dry_run,
            refresh=not no_refresh,
            way=pipeline.Way(
                resolutions=settings.resolutions, progress=progress, limits=limits_of(settings)
            ),
        )
    _tell(made, report)


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Show one recipe.")] = None,
) -> None:
    """List what can be loaded, or show one recipe."""
    from ingest import recipe as recipe_files

    if name is None:
        for key, known in sorted(recipe_files.known_recipes().items()):
            dataset = known.dataset
            out.print(f"{key:<34} {dataset.kind:<14} {dataset.title_th} · {dataset.title_en}")
        return
    known = recipe_files.read_recipe(name)
    out.print(json.dumps(known.model_dump(mode="json"), ensure_ascii=False, indent=2))


@indicators.command("show")
def indicators_show(
    key: Annotated[str | None, typer.Argument(help="Show one indicator.")] = None,
) -> None:
    """List what is measured, or show one indicator."""
    from geo_service.cli import steps
    from geo_service.core.db import transaction
    from layers import indicators as catalogue

    with transaction(steps.opened(_settings(), INGEST)) as session:
        if key is None:
            for info in catalogue.list_all(session):
                out.print(f"{info.key:<26} {info.theme:<15} {info.name.th} · {info.name.en}")
            return
        info = catalogue.read(session, key)
        periods = [period.key for period in catalogue.periods(session, key)]
    for field, value in (
        ("key", info.key), ("ชื่อ", info.name.th), ("name", info.name.en),
        ("หน่วย · unit", f"{info.unit.th} · {info.unit.en}"),
        ("นิยาม", info.definition.th), ("definition", info.definition.en),
        ("formula", info.formula), ("space, time", f"{info.space_agg}, {info.time_agg}"),
        ("privacy", info.privacy), ("finest level", info.finest_level),
        ("periods", " ".join(periods) or "-"), ("ที่มา · source", info.source.th),
    ):  # fmt: skip
        out.print(f"{field:<16} {value}")


@indicators.command("add")
def indicators_add(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML or CSV.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but keep it.")] = False,
) -> None:
    """Add or change indicators of one's own, with their formulas, limits and breaks."""
    from geo_service.cli import steps
    from ingest import own_indicators

    settings = _settings()
    with bars() as progress:
        added = own_indicators.add(
            steps.opened(settings, INGEST),
            path,
            dry_run=dry_run,
            resolutions=settings.resolutions,
            progress=progress,
        )
    for remark in added.remarks:
        say(Text(th=f"! {remark.th}", en=remark.en))
    for key in added.written:
        out.print(f"✓ {key}")
    for key in added.unchanged:
        out.print(f"= {key}")
    if dry_run:
        say(Text(th="ทดลองเท่านั้น ไม่ได้บันทึก", en="a dry run: nothing was kept"))


@indicators.command("remove")
def indicators_remove(
    key: Annotated[str, typer.Argument(help="Key of an indicator of one's own.")],
) -> None:
    """Take an indicator of one's own out again."""
    from geo_service.cli import steps
    from ingest import own_indicators

    own_indicators.remove(steps.opened(_settings(), INGEST), key)
    say(Text(th=f"✓ ลบ {key} แล้ว", en="removed"))


@app.command()
def refresh(
    resolutions: Annotated[str | None, typer.Option(help="H3 resolutions, such as 5-8.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Rebuild all, not only what has changed.")
    ] = False,
    withhold_anew: Annotated[
        bool, typer.Option(help="Forget which small counts were withheld before.")
    ] = False,
) -> None:
    """Rebuild what is derived: prepared values, forecasts, shapes for tiles, hexagons."""
    from geo_service.cli import steps
    from geo_service.core.db import transaction
    from ingest import refresh as derived

    settings = _settings()
    engine = steps.opened(settings, INGEST)
    with bars() as progress, transaction(engine) as session:
        done = derived.refresh(
            session,
            resolutions=resolutions or settings.resolutions,
            only_changed=not everything,
            withhold_anew=withhold_anew,
            progress=progress,
        )
    for part in done:
        out.print(f"· {part}")
    say(Text(th="✓ ข้อมูลที่คำนวณเป็นปัจจุบัน", en="derived data is up to date"))


@app.command()
def doctor() -> None:
    """Check database, versions, extensions, rights and data; say what to do."""
    from geo_service.cli import steps
    from geo_service.core import doctor as examination

    settings = _settings()
    ill = False
    for finding in examination.examine(steps.opened(settings), settings):
        mark = "✓" if finding.is_well else "✗"
        out.print(f"{mark} {line(finding.what)}")
        if not finding.is_well and finding.todo is not None:
            out.print(f"    → {finding.todo.th}\n    → {finding.todo.en}")
        ill = ill or not finding.is_well
    if ill:
        leave(1)


@database.command("start")
def db_start() -> None:
    """Start the private database; make it when there is none."""
    from geo_service.core.postgres import Cluster

    Cluster(_settings().data_dir).start()
    db_status()


@database.command("stop")
def db_stop() -> None:
    """Stop the private database."""
    from geo_service.core.postgres import Cluster

    stopped = Cluster(_settings().data_dir).stop()
    say(
        Text(th="ปิดฐานข้อมูลแล้ว", en="stopped")
        if stopped
        else Text(th="ฐานข้อมูลปิดอยู่แล้ว", en="it was not running")
    )


@database.command("status")
def db_status() -> None:
    """Say whether the private database runs; exit code 6 when it does not."""
    from geo_service.core.postgres import Cluster

    status = Cluster(_settings().data_dir).status()
    if status.running:
        said = f"pid {status.pid}, PostgreSQL {status.major}, {status.folder}"
        say(Text(th=f"ฐานข้อมูลเปิดอยู่: {said}", en="running"))
        return
    say(Text(th=f"ฐานข้อมูลปิดอยู่: {status.folder}", en="not running"))
    leave(6)


@database.command("url")
def db_url() -> None:
    """Print the address of the database, for psql and other programs."""
    from geo_service.core.postgres import Cluster

    settings = _settings()
    if settings.database_url is not None:
        out.print(settings.database_url.get_secret_value())
        return
    out.print(Cluster(settings.data_dir).url())


@datasets.command("list")
def datasets_list() -> None:
    """List what was loaded, with its version."""
    from geo_service.cli import steps
    from ingest import batch

    for loaded in batch.loaded(steps.opened(_settings(), INGEST)):
        mark = " [ข้อมูลตัวอย่าง · sample data]" if loaded.is_sample else ""
        out.print(
            f"{loaded.id:<34} v{loaded.version:<4} {loaded.title.th} · {loaded.title.en}{mark}"
        )


@datasets.command("rollback")
def datasets_rollback(
    dataset: Annotated[str, typer.Argument(help="Data set whose newest load is undone.")],
    report: Annotated[Path | None, typer.Option(help="Where to write the JSON report.")] = None,
) -> None:
    """Undo the newest load of a data set."""
    from geo_service.cli import steps
    from ingest import pipeline

    settings = _settings()
    engine = steps.opened(settings, INGEST)
    undone = pipeline.rollback(engine, dataset, resolutions=settings.resolutions)
    _tell(undone, report)


@datasets.command("trace")
def datasets_trace(
    indicator: Annotated[str, typer.Argument(help="Key of an indicator.")],
    place: Annotated[str, typer.Argument(help="Code of a place; TH is the country.")],
    *,
    level: Annotated[str, typer.Option(help="Level of the place.")],
    period: Annotated[str, typer.Option(help="2567, FY2567, 2024 ...")],
) -> None:
    """Tell which file, row and load stand behind a value, as far as it is public."""
    from geo_service.cli import steps
    from geo_service.core.db import transaction
    from geo_service.core.periods import parse_period
    from layers import datasets as sources

    with transaction(steps.opened(_settings())) as session:
        key = parse_period(period).key
        for one in sources.trace(session, indicator, level=level, code=place, period=key):
            value = one.status if one.value is None else f"{one.value:,g}"
            row = "" if one.row is None else f":{one.row}"
            out.print(
                f"{one.key:<24} {one.place_code:<8} {value:>16}  {one.dataset_id} v{one.version}"
                f"  {one.file_name}{row}  {one.loaded_at:%Y-%m-%d}"
            )


def _tell(made: Report, path: Path | None) -> None:
    out.print(made.as_text("th"))
    out.print(made.as_text("en"))
    if path is not None:
        words = json.dumps(made.as_json(), ensure_ascii=False, indent=2)
        path.write_text(words + "\n", encoding="utf-8")
        say(Text(th=f"รายงาน: {path}", en=f"report: {path}"))
    if made.exit_code:
        leave(made.exit_code)
