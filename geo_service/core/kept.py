"""Files kept on disk: each is made once per state of the data, and found again by every worker.

A file is written under another name and put in its place when it is complete, so what is
found is whole, also after the process was killed. A lock on the folder lets one process make
it while the others wait; the system gives the lock back when its holder dies.
"""

from __future__ import annotations

import fcntl
import gzip
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

Write = Callable[[Path], None]

#: Files made at the same time by one process; the others wait for their turn.
_MAKERS = 2
#: Old states are kept for a while: somebody may be in the middle of reading one.
_GRACE_S = 3_600.0
_PACK_LEVEL = 5
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A place for one file: of one subject, at one state of its data."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """The whole file, once it is there."""
        return self.folder / self.name

    @property
    def packed(self) -> Path:
        """The same, compressed with gzip."""
        return self.folder / f"{self.name}.gz"

    @property
    def working(self) -> Path:
        """Where the file grows while it is being written."""
        return self.folder / f"{self.name}.part" / self.name


@dataclass(frozen=True, slots=True)
class KeptFolder:
    """The files of one subject, at one state of its data."""

    path: Path

    def file(self, name: str) -> Kept:
        """Name the place of a file.

        Parameters
        ----------
        name : str
            Fit for the name of a file.

        Returns
        -------
        Kept
            Whether or not there is a file.
        """
        return Kept(self.path, name)


class KeptFiles:
    """A folder of kept files that never grows beyond a bound."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._makers = ThreadPoolExecutor(_MAKERS, thread_name_prefix="kept")
        self._packers = ThreadPoolExecutor(1, thread_name_prefix="kept-packed")
        self._under_way: dict[Path, Future[None]] = {}
        self._guard = threading.Lock()

    def folder(self, subject: str, state: str) -> KeptFolder:
        """Name the place of the files of a subject at one state of its data.

        Parameters
        ----------
        subject, state : str
            Fit for names of folders: the caller takes them from its register.

        Returns
        -------
        KeptFolder
            Whether or not there is one.
        """
        return KeptFolder(self._folder / subject / state)

    def make(self, kept: Kept, write: Write, *, is_packed: bool) -> Future[None]:
        """Start to make a file, unless it is there or being made.

        Parameters
        ----------
        kept : Kept
            From `KeptFolder.file`.
        write : callable
            Writes the file to the path it is given; runs in a thread of its own.
        is_packed : bool
            Whether to keep it compressed, too.

        Returns
        -------
        Future
            Done when the file is there (the compressed one follows), or with the error that
            prevented it: `OSError` when the disk does not take it.
        """
        with self._guard:
            if not self._most_bytes:
                return _refused()
            known = self._under_way.get(kept.path)
            if known is None:
                known = self._under_way[kept.path] = Future()
                self._makers.submit(self._make, kept, write, known, is_packed=is_packed)
            return known

    def close(self) -> None:
        """Wait for what is being made and stop."""
        self._makers.shutdown(cancel_futures=True)
        self._packers.shutdown(cancel_futures=True)

    def _make(self, kept: Kept, write: Write, done: Future[None], *, is_packed: bool) -> None:
        try:
            with _alone(kept.path):
                if not kept.path.exists():
                    _write_whole(kept, write)
            if is_packed:
                self._packers.submit(_pack, kept)
            with suppress(OSError):  # another worker may be tidying, too
                self._tidy(kept.folder)
        except BaseException as error:  # noqa: BLE001  (whoever waits is told)
            done.set_exception(error)
        else:
            done.set_result(None)
        finally:
            with self._guard:
                self._under_way.pop(kept.path, None)

    def _tidy(self, current: Path) -> None:
        limit = time.time() - _GRACE_S
        states = sorted(self._folder.glob("*/*/"), key=lambda one: one.stat().st_mtime)
        kept_bytes = {one: sum(f.stat().st_size for f in one.glob("*")) for one in states}
        for one in states:
            is_old = one.parent == current.parent and one.stat().st_mtime < limit
            is_much = sum(kept_bytes.values()) > self._most_bytes
            if one != current and (is_old or is_much):
                shutil.rmtree(one, ignore_errors=True)
                kept_bytes.pop(one)


def _refused() -> Future[None]:
    refused: Future[None] = Future()
    refused.set_exception(OSError("no space is set aside for kept files"))
    return refused


def _write_whole(kept: Kept, write: Write) -> None:
    folder = kept.working.parent
    # What a killed process left behind.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        write(kept.working)
        _settle(kept.working, kept.path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pack(kept: Kept) -> None:
    try:
        with _alone(kept.packed):
            if not kept.packed.exists():
                _write_packed(kept)
    except OSError as error:
        log.warning("a file was not packed", extra={"file": kept.name}, exc_info=error)


def _write_packed(kept: Kept) -> None:
    part = kept.packed.with_suffix(".gz.part")
    with (
        kept.path.open("rb") as plain,
        part.open("wb") as raw,
        # No time and no name in it: the same file packs to the same bytes.
        gzip.GzipFile("", "wb", _PACK_LEVEL, raw, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed, _PIECE_BYTES)
    _settle(part, kept.packed)


def _settle(part: Path, whole: Path) -> None:
    # A name must never stand for less than the whole, even after a power cut.
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(whole)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(path.parent)
        yield
