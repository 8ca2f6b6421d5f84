"""Places are few, the line before them is bounded, and nobody pushes others out of it."""

from __future__ import annotations

import asyncio
import time

import pytest

from geo_service.core.line import Line, LineFull

GREEDY, MODEST = "192.0.2.1", "192.0.2.2"


def line(*, places: int = 1, length: int = 8, longest_s: float = 5.0) -> Line:
    return Line(places, length, longest_s)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def served_in(order: list[str], *, places: int = 1, length: int = 20) -> list[str]:
    """Who is served, in turn, when all of them come at once behind one who is at work."""

    async def run() -> list[str]:
        made, served = line(places=places, length=length), []

        async def ask(caller: str) -> None:
            await made.enter(caller)
            served.append(caller)
            await settle()
            made.leave(caller, took_s=0.0)

        first = "192.0.2.9"
        for _ in range(places):
            await made.enter(first)
        tasks = []
        for caller in order:
            tasks.append(asyncio.create_task(ask(caller)))
            await settle()
        for _ in range(places):
            made.leave(first, took_s=0.0)
        await asyncio.gather(*tasks)
        assert made.at_work == made.waiting == 0
        assert not made._working
        return served

    return asyncio.run(run())


def test_no_more_are_at_work_than_there_are_places():
    async def run() -> None:
        made, most, now = line(places=3, length=50), 0, 0

        async def ask() -> None:
            nonlocal most, now
            await made.enter(MODEST)
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1
            made.leave(MODEST, took_s=0.001)

        await asyncio.gather(*(ask() for _ in range(40)))
        assert (most, made.at_work, made.waiting) == (3, 0, 0)

    asyncio.run(run())


def test_equal_callers_are_served_in_the_order_they_came():
    order = [f"192.0.2.{number}" for number in range(5)]
    assert served_in(order) == order


def test_a_caller_with_one_question_is_not_behind_all_of_a_caller_with_many():
    assert served_in([GREEDY] * 6 + [MODEST]).index(MODEST) == 1


def test_two_callers_with_many_take_turns():
    served = served_in([GREEDY] * 4 + [MODEST] * 4)
    assert served == [GREEDY, MODEST] * 4


def test_who_wants_more_places_than_there_are_has_his_part_while_others_are_about():
    async def run() -> tuple[int, int, int]:
        made = line(places=4, length=20)
        many = [asyncio.create_task(made.enter(GREEDY)) for _ in range(20)]
        await settle()
        alone = made.at_work
        made._see(MODEST)
        for _ in range(4):
            made.leave(GREEDY, took_s=0.0)
        await settle()
        beside = made.at_work
        # Two places are free: he who comes waits for nobody, though fourteen are in line.
        await asyncio.wait_for(made.enter(MODEST), 0.1)
        both = made.at_work
        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
        return alone, beside, both

    assert asyncio.run(run()) == (4, 2, 3)


@pytest.mark.parametrize(
    ("are_others", "waiting", "rests"), [(True, 20, True), (True, 4, False), (False, 20, False)]
)
def test_who_floods_beside_others_rests_as_long_as_his_answer_took(are_others, waiting, rests):
    async def run() -> None:
        made = line(places=2, length=30)
        many = await fill(made, 2 + waiting)
        if are_others:
            made._see(MODEST)
            made.leave(GREEDY, took_s=0.0)
            await settle()
            assert made.at_work == 1
        before = made.at_work
        made.leave(GREEDY, took_s=60.0)
        await settle()
        assert made.at_work == before - rests
        await end(many)

    asyncio.run(run())


def test_the_place_of_who_rests_is_free_for_others_and_his_again_afterwards():
    async def run() -> None:
        made = line(places=2, length=30)
        made._see(MODEST)
        many = await fill(made, 22)
        made.leave(GREEDY, took_s=0.05)
        made.leave(GREEDY, took_s=0.05)
        await settle()
        assert made.at_work == 0
        await asyncio.wait_for(made.enter(MODEST), 1)
        made.leave(MODEST, took_s=0.0)
        await asyncio.sleep(0.2)
        assert made.at_work == 1
        assert sum(one.done() for one in many) == 3
        await end(many)

    asyncio.run(run())


def test_a_few_questions_at_once_take_what_is_free_beside_others():
    async def run() -> int:
        made = line(places=4)
        made._see(MODEST)
        few = [asyncio.create_task(made.enter(GREEDY)) for _ in range(4)]
        await asyncio.gather(*few)
        return made.at_work

    assert asyncio.run(run()) == 4


def test_who_has_little_in_line_is_not_sent_away_for_what_others_have():
    async def run() -> None:
        made = line(places=1, length=8, longest_s=5)
        await made.enter(GREEDY)
        many = [asyncio.create_task(made.enter(GREEDY)) for _ in range(4)]
        await settle()
        made.mean_s = 2.0
        with pytest.raises(LineFull):
            await made.enter(GREEDY)
        one = asyncio.create_task(made.enter(MODEST))
        await settle()
        assert (one.done(), made.waiting) == (False, 5)
        for task in (*many, one):
            task.cancel()
        await asyncio.gather(*many, one, return_exceptions=True)

    asyncio.run(run())


def test_who_finds_the_line_full_is_sent_away_at_once_and_told_when_to_return():
    async def run() -> None:
        made = line(length=1)
        await made.enter(GREEDY)
        waiting = asyncio.create_task(made.enter(GREEDY))
        await settle()
        made.mean_s = 2.0
        started = time.perf_counter()
        with pytest.raises(LineFull) as full:
            await made.enter(GREEDY)
        assert time.perf_counter() - started < 0.05
        assert full.value.retry_s == 4  # the one who waits and himself, two seconds each
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert made.waiting == 0

    asyncio.run(run())


def test_a_full_line_of_one_caller_makes_room_for_another():
    async def run() -> None:
        made = line(length=3)
        await made.enter(GREEDY)
        many = [asyncio.create_task(made.enter(GREEDY)) for _ in range(3)]
        await settle()
        one = asyncio.create_task(made.enter(MODEST))
        await settle()
        assert [task.done() for task in many] == [False, False, True]
        assert isinstance(many[2].exception(), LineFull)
        for _ in range(2):
            made.leave(GREEDY, took_s=0.0)
            await settle()
        assert [many[0].done(), many[1].done(), one.done()] == [True, False, True]
        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)

    asyncio.run(run())


async def fill(made: Line, number: int) -> list[asyncio.Task[None]]:
    """Let one caller ask so often at once."""
    tasks = [asyncio.create_task(made.enter(GREEDY)) for _ in range(number)]
    await settle()
    return tasks


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_burst_is_served_whole_and_a_rush_finds_a_short_line():
    async def run() -> None:
        made = line(places=2, length=20)
        many = await fill(made, 22)
        assert (made.at_work, made.waiting, made.refused) == (2, 20, 0)
        with pytest.raises(LineFull):
            await made.enter(GREEDY)
        while made.waiting > 4:
            assert not made.takes(GREEDY)
            made.leave(GREEDY, took_s=0.0)
        # Two wait for each place, not ten.
        assert not made.takes(GREEDY)
        made.leave(GREEDY, took_s=0.0)
        assert (made.waiting, made.takes(GREEDY)) == (3, True)
        await end(many)

    asyncio.run(run())


def test_of_many_who_are_let_on_in_one_turn_no_more_come_than_there_is_room_for():
    async def run() -> None:
        made = line(places=1, length=2)
        many = await fill(made, 2)
        taken = []
        for _ in range(3):
            taken.append(made.takes(GREEDY))
            if taken[-1]:
                made.expect(GREEDY)
        assert taken == [True, False, False]
        # Who did not come after all keeps nobody out in the next turn.
        await settle()
        assert (made.waiting, made.takes(GREEDY)) == (1, True)
        await end(many)

    asyncio.run(run())


def test_the_line_is_short_only_for_whoever_has_the_most_in_it():
    async def run() -> None:
        made = line(places=1, length=20)
        many = await fill(made, 10)
        made.refusal()
        assert (made.takes(GREEDY), made.takes(MODEST)) == (False, True)
        one = asyncio.create_task(made.enter(MODEST))
        await settle()
        # And nobody who was let in before is sent away for it.
        assert (made.waiting, made.refused) == (10, 1)
        await end([*many, one])

    asyncio.run(run())


@pytest.mark.parametrize(("seconds", "longer"), [(0.0, 3), (2.0, 20)])
def test_the_line_grows_with_those_who_find_a_place_and_is_long_after_a_calm_second(
    seconds, longer
):
    async def run() -> None:
        made = line(places=1, length=20)
        made.refusal()
        made._refused_at -= seconds
        await made.enter(GREEDY)
        waiting = await fill(made, longer)
        assert (made.waiting, made.takes(GREEDY)) == (longer, False)
        await end(waiting)

    asyncio.run(run())


def test_who_waits_too_long_is_sent_away():
    async def run() -> None:
        made = line(longest_s=0.05)
        await made.enter(GREEDY)
        started = time.perf_counter()
        with pytest.raises(LineFull):
            await made.enter(MODEST)
        assert 0.04 < time.perf_counter() - started < 1
        assert (made.waiting, made.refused) == (0, 1)

    asyncio.run(run())


def test_whose_time_ends_in_the_moment_of_his_turn_is_sent_away():
    async def run() -> None:
        made = line(longest_s=0.05)
        await made.enter(GREEDY)
        late = asyncio.create_task(made.enter(MODEST))
        await settle()
        (waiting,) = made._waiting
        # As a timeout does it, before the one who waits hears of it.
        waiting.turn.cancel()
        made.leave(GREEDY, took_s=0.0)
        assert (made.waiting, made.at_work) == (0, 0)
        with pytest.raises((LineFull, asyncio.CancelledError)):
            await late

    asyncio.run(run())


def test_who_is_sent_away_when_his_time_ends_is_refused():
    async def run() -> None:
        made = line(longest_s=0.05)
        await made.enter(GREEDY)
        late = asyncio.create_task(made.enter(MODEST))
        await settle()
        made._waiting.clear()
        with pytest.raises(LineFull):
            await late

    asyncio.run(run())


def test_who_would_wait_too_long_by_what_was_seen_is_not_let_in():
    async def run() -> None:
        made = line(places=2, longest_s=5)
        await made.enter(GREEDY)
        await made.enter(GREEDY)
        made.mean_s = 20.0
        with pytest.raises(LineFull):
            await made.enter(MODEST)

    asyncio.run(run())


def test_who_leaves_the_line_keeps_no_place():
    async def run() -> None:
        made = line()
        await made.enter(GREEDY)
        gone, patient = (asyncio.create_task(made.enter(MODEST)) for _ in range(2))
        await settle()
        # The place is given to the first, who leaves in the same moment.
        made.leave(GREEDY, took_s=0.0)
        gone.cancel()
        await settle()
        assert gone.cancelled()
        assert patient.done()
        made.leave(MODEST, took_s=0.0)
        assert (made.at_work, made.waiting) == (0, 0)

    asyncio.run(run())


def test_a_closed_line_sends_everybody_away():
    async def run() -> None:
        made = line()
        await made.enter(GREEDY)
        waiting = asyncio.create_task(made.enter(MODEST))
        await settle()
        made.close()
        with pytest.raises(LineFull):
            await waiting
        made.leave(GREEDY, took_s=0.0)
        with pytest.raises(LineFull):
            await made.enter(MODEST)

    asyncio.run(run())
