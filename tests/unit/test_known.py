"""What is made for a state of the data lies on a shelf of so many bytes, and no other."""

from __future__ import annotations

from sqlalchemy.orm import Session

from geo_service.core.known import KNOWN, Known, Shelf, shelved


def test_what_was_not_taken_for_longest_goes_first():
    shelf = Shelf(1_000)
    for key in range(8):
        shelf.put(key, str(key), 120)
    assert shelf.take(0) == ("0",)
    shelf.put(8, "8", 120)
    assert shelf.take(1) is None
    assert shelf.take(0) == ("0",)
    assert shelf.size_bytes == 8 * 120


def test_what_would_push_all_the_others_out_is_not_laid_there():
    shelf = Shelf(1_000)
    shelf.put("small", "small", 333)
    shelf.put("large", "large", 334)
    assert shelf.take("large") is None
    assert shelf.take("small") == ("small",)


def test_a_thing_laid_twice_counts_once():
    shelf = Shelf(1_000)
    shelf.put("one", 1, 100)
    shelf.put("one", 2, 50)
    assert shelf.take("one") == (2,)
    assert shelf.size_bytes == 50


def test_things_are_made_once_a_state_and_every_time_where_none_is_known():
    made = []

    def make() -> int:
        made.append(len(made))
        return len(made)

    session = Session(info={KNOWN: Known({})})
    assert [shelved(session, "key", make, lambda _: 10) for _ in range(3)] == [1, 1, 1]
    assert [shelved(Session(), "key", make, lambda _: 10) for _ in range(2)] == [2, 3]
    later = Session(info={KNOWN: Known({})})
    assert shelved(later, "key", make, lambda _: 10) == 4


def test_nothing_at_all_may_be_what_is_kept():
    session = Session(info={KNOWN: Known({})})
    found = iter([None, "not asked for"])
    assert shelved(session, "key", lambda: next(found), lambda _: 10) is None
    assert shelved(session, "key", lambda: next(found), lambda _: 10) is None
