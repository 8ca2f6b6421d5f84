"""Memory before an application: equal questions share an answer, and nothing stale is given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from geo_service.api.memory import LARGEST_BYTES, Memory
from geo_service.api.wire import Metrics
from geo_service.core.known import KNOWN, Known
from geo_service.deps import FOLLOWS_STATE
from tests.waiting import LONGEST_S


class Application:
    """An application that counts its answers and makes them as it is told.

    With a door it answers when that is opened.
    """

    def __init__(self, *, size_bytes: int = 100, pieces: int = 1) -> None:
        self.size_bytes, self.pieces = size_bytes, pieces
        self.answers, self.during = 0, lambda: None
        self.door: asyncio.Event | None = None

    async def __call__(self, scope, receive, send) -> None:
        self.answers += 1
        scope[FOLLOWS_STATE] = True
        if self.door is not None:
            await self.door.wait()
        self.during()
        headers = [
            (b"x-request-id", b"of-the-first"),
            (b"etag", b'W/"1"'),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"vary", b"Accept"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in range(self.pieces):
            more = piece + 1 < self.pieces
            body = b"x" * self.size_bytes
            await send({"type": "http.response.body", "body": body, "more_body": more})


class Around:
    """A memory around an application, and what it is asked."""

    def __init__(self, app: Application, *, most_bytes: int = 10_000_000) -> None:
        self.known: Known | None = Known({})
        self.memory = Memory(
            app,
            known=lambda: self.known,
            ask=self._ask,
            metrics=Metrics(),
            most_bytes=most_bytes,
        )
        self.asked = lambda: self.known
        self.calls = 0

    def _ask(self) -> Known | None:
        return self.asked()

    async def get(self, path: str = "/", **headers: str) -> list[dict[str, Any]]:
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "query_string": b"", "scheme": "http", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        self.calls += 1

        async def send(message) -> None:
            sent.append(message)

        async def receive() -> dict[str, str]:
            return {"type": "http.disconnect"}

        await self.memory(scope, receive, send)
        assert KNOWN in scope
        return sent


async def until(is_so: Callable[[], object]) -> None:
    """Let the others go on until something is so."""
    async with asyncio.timeout(LONGEST_S):
        while not is_so():  # noqa: ASYNC110  (a turn of the loop, not a pause)
            await asyncio.sleep(0)


async def at_once(around: Around, number: int) -> list[Any]:
    """Ask the same many times before the first is answered."""
    door = around.memory.app.door = asyncio.Event()
    asking = [asyncio.create_task(around.get()) for _ in range(number)]
    await until(lambda: around.calls == number)
    door.set()
    return await asyncio.gather(*asking)


@pytest.mark.parametrize("size_bytes", [100, 2 * LARGEST_BYTES], ids=["kept", "not kept"])
def test_equal_questions_at_once_are_answered_once(size_bytes):
    app = Application(size_bytes=size_bytes)
    answers = asyncio.run(at_once(Around(app), 64))
    assert app.answers == 1
    assert all(answer[1]["body"] == b"x" * size_bytes for answer in answers)


def test_equal_questions_at_once_are_answered_once_where_nothing_is_kept():
    app = Application()
    around = Around(app, most_bytes=0)
    answers = asyncio.run(at_once(around, 64))
    assert (app.answers, len(around.memory._kept)) == (1, 0)
    assert all(answer[1]["body"] == b"x" * 100 for answer in answers)


def test_who_waits_for_an_answer_that_is_not_kept_asks_for_his_own():
    app = Application(pieces=2)
    assert all(len(answer) == 3 for answer in asyncio.run(at_once(Around(app), 8)))
    assert app.answers == 8


def test_who_waits_is_answered_when_the_first_one_gives_up():
    app = Application()
    around = Around(app)

    async def ask() -> list[Any]:
        door = app.door = asyncio.Event()
        first = asyncio.create_task(around.get())
        await until(lambda: app.answers == 1)
        second = asyncio.create_task(around.get())
        await until(lambda: around.calls == 2)
        first.cancel()
        await until(lambda: app.answers == 2)
        door.set()
        return await second

    assert len(asyncio.run(ask())) == 2
    assert app.answers == 2


def test_when_the_first_one_gives_up_one_takes_over_for_all_who_wait():
    app = Application()
    around = Around(app)

    async def ask() -> list[Any]:
        door = app.door = asyncio.Event()
        first = asyncio.create_task(around.get())
        await until(lambda: app.answers == 1)
        others = [asyncio.create_task(around.get()) for _ in range(20)]
        await until(lambda: around.calls == 21)
        first.cancel()
        await until(lambda: app.answers == 2)
        door.set()
        return await asyncio.gather(*others)

    assert len(asyncio.run(ask())) == 20
    assert app.answers == 2


def test_the_name_of_a_request_is_given_back_and_not_kept():
    app = Application()
    around = Around(app)
    asyncio.run(around.get(**{"x-request-id": "first"}))
    for named, told in (("abc-1", b"abc-1"), ("bad\nname", None), (None, None)):
        headers = {} if named is None else {"x-request-id": named}
        start, _ = asyncio.run(around.get(**headers))
        assert dict(start["headers"]).get(b"x-request-id") == told
    assert app.answers == 1


def test_while_one_asks_for_the_state_the_others_share_the_next_question():
    app, asked = Application(), 0
    around = Around(app)
    asyncio.run(around.get())
    same, around.known = around.known, None

    def count() -> Known | None:
        nonlocal asked
        asked += 1
        time.sleep(0.02)
        return same

    around.asked = count

    async def ask() -> None:
        await asyncio.gather(*(around.get() for _ in range(50)))

    asyncio.run(ask())
    assert asked <= 2
    assert app.answers == 1


def test_memory_stays_within_its_bound_and_drops_the_oldest_first():
    app = Application(size_bytes=100_000)
    around = Around(app, most_bytes=1_000_000)

    async def ask() -> None:
        for number in range(50):
            await around.get("/kept")  # asked again and again: never the oldest
            await around.get(f"/{number}")
            assert around.memory._size_bytes <= 1_000_000
            held = sum(len(one.body["body"]) for one in around.memory._kept.values())
            assert set(around.memory._targets) == {key[:2] for key in around.memory._kept}
            assert held <= around.memory._size_bytes

    asyncio.run(ask())
    assert app.answers == 51


def test_an_answer_that_is_too_large_is_passed_on_and_not_kept():
    app = Application(size_bytes=LARGEST_BYTES + 1)
    around = Around(app)
    for _ in range(2):
        assert len(asyncio.run(around.get())[1]["body"]) == LARGEST_BYTES + 1
    assert app.answers == 2


def test_an_answer_made_while_the_state_changed_is_not_kept_nor_called_immutable():
    app = Application()
    around = Around(app)

    def change() -> None:
        around.known = Known({})

    app.during = change
    start, _ = asyncio.run(around.get())
    assert dict(start["headers"])[b"cache-control"] == b"public, no-cache"
    assert not around.memory._kept


def test_a_change_of_state_drops_every_answer():
    app = Application()
    around = Around(app)
    asyncio.run(around.get())
    asyncio.run(around.get())
    assert app.answers == 1
    around.known = Known({})
    asyncio.run(around.get())
    assert app.answers == 2


def test_while_the_state_is_uncertain_the_database_is_asked_before_an_answer_is_given():
    app = Application()
    around = Around(app)
    asyncio.run(around.get())
    same, around.known = around.known, None
    around.asked = lambda: same
    asyncio.run(around.get())
    assert app.answers == 1
    around.asked = lambda: Known({})
    asyncio.run(around.get())
    assert app.answers == 2

    def away() -> Known:
        raise OSError

    around.asked = away
    asyncio.run(around.get())
    assert app.answers == 3


def test_two_equal_headers_are_an_oddity_that_is_never_kept():
    app = Application()
    around = Around(app)

    async def ask() -> None:
        scope = {
            "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
            "scheme": "http", "headers": [(b"accept", b"text/html"), (b"accept", b"text/csv")],
        }  # fmt: skip

        async def send(message) -> None:
            pass

        await around.memory(scope, None, send)

    asyncio.run(ask())
    assert not around.memory._kept
