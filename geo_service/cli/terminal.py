"""How the command line speaks: Thai and English sentences, progress bars, exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from typer.core import TyperGroup

from geo_service.core.errors import (
    BadRequest,
    Conflict,
    Fault,
    NoSpace,
    NotFound,
    NotInstalled,
    Refused,
    Unavailable,
)
from geo_service.core.text import Text

#: 0 done, 3 loaded with rejects (ingest only); typer itself leaves with 2 on a wrong command line.
EXIT_CODES: dict[type[Fault], int] = {
    BadRequest: 2,
    NotFound: 2,
    Refused: 4,
    Conflict: 5,
    Unavailable: 6,
    NotInstalled: 7,
}

out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

_STAGES = {
    "waiting-for-another-load": Text(th="รอการนำเข้าอื่นให้เสร็จ", en="Waiting for another load"),
}


def line(words: Text | str) -> str:
    """Put both languages of a sentence on one line.

    Parameters
    ----------
    words : Text or str
        The sentence.

    Returns
    -------
    str
        Thai first; once only when both are the same.
    """
    if isinstance(words, str) or words.th == words.en:
        return words if isinstance(words, str) else words.th
    return f"{words.th} · {words.en}"


def say(words: Text | str) -> None:
    """Print a sentence for people, both languages on one line.

    Parameters
    ----------
    words : Text or str
        What to say.
    """
    out.print(line(words))


def leave(code: int) -> NoReturn:
    """End the command with an exit code.

    Parameters
    ----------
    code : int
        What the shell sees.

    Raises
    ------
    typer.Exit
        Always.
    """
    raise typer.Exit(code)


def exit_code(fault: Fault) -> int:
    """Return the exit code of a fault.

    Parameters
    ----------
    fault : Fault
        What went wrong.

    Returns
    -------
    int
        See ``docs/commands.md``.
    """
    return next((code for kind, code in EXIT_CODES.items() if isinstance(fault, kind)), 1)


class Friendly(TyperGroup):
    """Commands whose faults end in a sentence and an exit code, never in a stack trace."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401  (typer names its own in private)
        """Run the command that was asked for.

        Parameters
        ----------
        ctx : typer.Context
            Of the command line.

        Returns
        -------
        object
            What the command returned.

        Raises
        ------
        typer.Exit
            With the code of the fault, when there was one.
        """
        try:
            with _database_faults():
                return super().invoke(ctx)
        except Fault as fault:
            err.print(f"✗ {line(fault.title)}", style="bold red")
            err.print(f"  {fault.detail.th}")
            if fault.detail.en != fault.detail.th:
                err.print(f"  {fault.detail.en}")
            raise typer.Exit(exit_code(fault)) from fault


class Shown(TyperGroup):
    """Commands of which ``show`` is meant where none is named: ``indicators pop_total``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put ``show`` before words that name no command.

        Parameters
        ----------
        ctx : typer.Context
            Of the command line.
        args : list of str
            Words after the name of the group.

        Returns
        -------
        list of str
            What is left for the command.
        """
        is_named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if is_named else ["show", *args])


@contextmanager
def _database_faults() -> Iterator[None]:
    # SQLAlchemy is heavy: --help must not wait for it.
    try:
        yield
    except Exception as error:
        import psycopg2
        from psycopg2.errors import DiskFull
        from sqlalchemy.exc import OperationalError

        said = error.orig if isinstance(error, OperationalError) else error
        if not isinstance(error, (OperationalError, psycopg2.OperationalError)):
            raise
        if isinstance(said, DiskFull):
            raise NoSpace(
                Text(
                    th="พื้นที่ของฐานข้อมูลเต็ม ไม่มีการบันทึกสิ่งใด",
                    en="The disk of the database is full; nothing was kept",
                )
            ) from error
        why = str(said).strip().splitlines()[0]
        raise Unavailable(
            Text(
                th=f"ติดต่อฐานข้อมูลไม่ได้: {why} (ตรวจด้วย geo-service doctor)",
                en=f"The database does not answer: {why} (geo-service doctor says more)",
            )
        ) from error


class Bars:
    """Shows how far long work has come: bars on a terminal, a line per stage elsewhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of progress.

        Parameters
        ----------
        stage : str
            What is being done.
        done : int
            Steps finished.
        total : int or None
            All steps, when known.
        """
        if stage not in self._tasks:
            words = line(_STAGES.get(stage, stage))
            self._tasks[stage] = self._progress.add_task(words, total=total)
            if not self._progress.console.is_terminal:
                err.print(f"· {words}")
        self._progress.update(self._tasks[stage], completed=done, total=total)


@contextmanager
def bars() -> Iterator[Bars]:
    """Show progress bars while the block runs.

    Yields
    ------
    Bars
        To be handed to long work.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        yield Bars(progress)
