"""What lies beside the process: made once a version, bounded, gone with the last who holds it."""

from __future__ import annotations

import gc
import os
import threading
from contextlib import contextmanager, suppress

import pytest

from geo_service.core.beside import Beside, Plan
from geo_service.core.known import Knowing, Known, NotKnown, known_of


class Kitchen:
    """Counts what is made, and from which version."""

    def __init__(self, version: int = 1, body: bytes = b"abc") -> None:
        self.version, self.body, self.made = version, body, 0

    @property
    def plan(self):
        return Plan("dish", lambda session: self.version, self._make)

    def _make(self, session, room):
        self.made += 1
        start = room.write(self.body)
        return room.file, start, len(self.body)


@pytest.fixture
def known():
    return Known({"areas": 1})


def beside(known, folder, most_bytes=1000):
    return Beside(lambda: Knowing(known), folder, most_bytes=most_bytes)


@contextmanager
def held(kept):
    """Let nothing be made meanwhile."""
    may_go_on = threading.Event()
    kept._maker.submit(may_go_on.wait)
    try:
        yield
    finally:
        may_go_on.set()


def test_nothing_is_there_before_it_is_made_and_then_it_is_read(known, tmp_path):
    kitchen, kept = Kitchen(), beside(known, tmp_path)
    with held(kept):
        assert kept.get(known, kitchen.plan) is None
    kept.settle()
    file, start, size = kept.get(known, kitchen.plan)
    assert file.read(start, size) == b"abc"
    kept.get(known, kitchen.plan)
    kept.settle()
    assert kitchen.made == 1
    kept.close()


def test_another_state_of_the_same_version_makes_nothing_anew(known, tmp_path):
    kitchen, kept = Kitchen(), beside(known, tmp_path)
    kept.get(known, kitchen.plan)
    kept.settle()
    newer = Known({"areas": 1, "indicator:waste": 2})
    kept._open = lambda: Knowing(newer)
    with held(kept):
        assert kept.get(newer, kitchen.plan) is None
    kept.settle()
    assert kept.get(newer, kitchen.plan) is kept.get(known, kitchen.plan)
    assert kitchen.made == 1
    kept.close()


def test_another_version_is_made_anew_and_who_reads_the_old_one_may_go_on(known, tmp_path):
    kitchen, kept = Kitchen(), beside(known, tmp_path)
    kept.get(known, kitchen.plan)
    kept.settle()
    old, start, size = kept.get(known, kitchen.plan)
    kitchen.version, kitchen.body = 2, b"defg"
    newer = Known({"areas": 2})
    kept._open = lambda: Knowing(newer)
    kept.get(newer, kitchen.plan)
    kept.settle()
    new, at, length = kept.get(newer, kitchen.plan)
    assert new.read(at, length) == b"defg"
    assert old.read(start, size) == b"abc"
    kept.close()


def test_what_was_asked_for_in_a_state_that_is_over_is_not_made(known, tmp_path):
    kitchen, kept = Kitchen(), beside(Known({"areas": 2}), tmp_path)
    kept.get(known, kitchen.plan)
    kept.settle()
    assert kept.get(known, kitchen.plan) is None
    assert kitchen.made == 0
    kept.close()


@pytest.mark.parametrize("most_bytes", [0, 2])
def test_what_takes_too_much_room_stays_in_the_database(known, tmp_path, most_bytes):
    kitchen, kept = Kitchen(), beside(known, tmp_path, most_bytes)
    kept.get(known, kitchen.plan)
    kept.settle()
    assert kept.get(known, kitchen.plan) is None
    kept.close()


def test_the_file_has_no_name_and_goes_with_who_holds_it(known, tmp_path):
    kitchen, kept = Kitchen(), beside(known, tmp_path)
    kept.get(known, kitchen.plan)
    kept.settle()
    assert not list(tmp_path.iterdir())

    def held():
        found = []
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
            with suppress(OSError):
                found.append(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115
        return [name for name in found if str(tmp_path) in name]

    assert len(held()) == 1
    kept.close()
    known.facts.clear()
    gc.collect()
    assert not held()


def test_a_session_that_asks_nobody_says_so():
    known = Known({"areas": 1})
    session = Knowing(known)
    assert known_of(session) is known
    with pytest.raises(NotKnown):
        session.connection()
