"""Prepared things laid beside a process: read from a file of its own instead of the database.

Each is made in the background, once for a version of what it is made from, when it is asked for
the first time; until then the database is asked. The file has no name: no other process can take
it for its own, nothing is left when the process ends, and what was made from one database is never
met by another.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from geo_service.core.known import Known, known_of

log = logging.getLogger(__name__)

Made = TypeVar("Made")


class NoRoom(Exception):
    """What is laid beside the process would take more room than it may."""


class Hidden:
    """A file without a name: it is gone when nobody holds it any more."""

    def __init__(self, folder: Path) -> None:
        self._number, name = tempfile.mkstemp(dir=folder)
        Path(name).unlink()

    def __del__(self) -> None:
        os.close(self._number)

    def read(self, start: int, size: int) -> bytes:
        """Read a part; any number of threads may.

        Parameters
        ----------
        start, size : int
            Bytes.

        Returns
        -------
        bytes
            So many.
        """
        return os.pread(self._number, size, start)

    def writing(self) -> IO[bytes]:
        """Open it to be written.

        Returns
        -------
        file
            To be closed by the caller; the file itself stays open.
        """
        return open(self._number, "wb", closefd=False)


@dataclass(slots=True)
class Room:
    """A file that grows, and how far it may."""

    file: Hidden
    out: IO[bytes]
    most_bytes: int
    size: int = 0

    def write(self, body: bytes) -> int:
        """Write at the end.

        Parameters
        ----------
        body : bytes
            What is written.

        Returns
        -------
        int
            Where it begins, bytes.

        Raises
        ------
        NoRoom
            If the file would be too large.
        """
        start = self.size
        self.size += len(body)
        if self.size > self.most_bytes:
            raise NoRoom
        self.out.write(body)
        return start


@dataclass(frozen=True, slots=True)
class Plan(Generic[Made]):
    """What can be laid beside the process.

    ``key`` names it among all others, ``version`` says from which state of the data it is made,
    ``make`` writes it; ``None`` when there is nothing to lay.
    """

    key: Hashable
    version: Callable[[Session], Hashable]
    make: Callable[[Session, Room], Made | None]


@dataclass(slots=True)
class _Slot:
    made: Any = None


class Beside:
    """Keeps what is prepared beside the process, for the state of the data that is known."""

    def __init__(
        self, open_session: Callable[[], Session], folder: Path, *, most_bytes: int
    ) -> None:
        self._open, self._folder, self._most_bytes = open_session, folder, most_bytes
        self._kept: dict[Hashable, tuple[Hashable, Any, int]] = {}
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="beside")

    def get(self, known: Known, plan: Plan[Made]) -> Made | None:
        """Give what is prepared, or begin to prepare it.

        Parameters
        ----------
        known : Known
            State of the data.
        plan : Plan
            What is wanted.

        Returns
        -------
        object or None
            ``None`` while it is not there.
        """
        key = ("beside", plan.key)
        slot: _Slot | None = known.facts.get(key)
        if slot is None:
            slot = known.facts[key] = _Slot()
            if self._most_bytes:
                self._maker.submit(self._make, known, plan, slot)
        found: Made | None = slot.made
        return found

    @property
    def size_bytes(self) -> int:
        """How much lies there."""
        return sum(size for _, _, size in list(self._kept.values()))

    def settle(self) -> None:
        """Wait until everything that was begun is there."""
        self._maker.submit(lambda: None).result()

    def close(self) -> None:
        """Make nothing more."""
        self._maker.shutdown(wait=True, cancel_futures=True)
        self._kept.clear()

    def _make(self, known: Known, plan: Plan[Any], slot: _Slot) -> None:
        try:
            with self._open() as session:
                # Another state is another request's to ask for.
                if known_of(session) is known:
                    slot.made = self._made(session, plan)
        except (SQLAlchemyError, OSError, NoRoom) as error:
            log.warning(
                "not laid beside the process", extra={"what": plan.key, "why": type(error).__name__}
            )

    def _made(self, session: Session, plan: Plan[Made]) -> Made | None:
        version = plan.version(session)
        before = self._kept.get(plan.key)
        if before is not None and before[0] == version:
            found: Made | None = before[1]
            return found
        self._kept.pop(plan.key, None)
        self._folder.mkdir(parents=True, exist_ok=True)
        file = Hidden(self._folder)
        with file.writing() as out:
            room = Room(file, out, self._most_bytes - self.size_bytes)
            made = plan.make(session, room)
        self._kept[plan.key] = (version, made, room.size)
        return made
