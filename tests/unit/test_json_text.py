"""Documents in JSON from outside: how deep, how large, each name once."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from geo_service.core.errors import BadRequest, TooLarge
from geo_service.core.json_text import MOST_DEPTH, MOST_NODES, measure, read_object
from geo_service.core.text import Text

WANTED = Text(th="ขอออบเจกต์", en="send an object")


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return b'{"a": ' + opening * (depth - 1) + closing * (depth - 1) + b"}"


def test_an_object_is_read_as_it_is():
    body = '{"ชื่อ": "ก{[,:\\"", "b": [1, 2.5, null, {"ชื่อ": 1e3}], "c": {}}'.encode()
    assert read_object(body, WANTED) == {
        "ชื่อ": 'ก{[,:"', "b": [1, 2.5, None, {"ชื่อ": 1000.0}], "c": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b"null", b'"a"', b"{", b"]", b'{"a": NaN}', b'{"a": 1,}', b'{"a": "',
     b"\xff", b'{"a": "\xff"}', b"{'a': 1}", b"\xef\xbb\xbf{}", b'{"a": "\\ud800"}', b"]]]{{{"],
)  # fmt: skip
def test_what_is_no_object_is_refused(body):
    with pytest.raises(BadRequest, match="send an object"):
        read_object(body, WANTED)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a": 1, "a": 1}', "a"),
        (b'{"x": [{"y": {"b": 1, "c": 2, "b": 3}}]}', "b"),
        (b'{"a": 1, "\\u0061": 2}', "a"),
        ('{"ก": 1, "ข": 2, "ก": 3}'.encode(), "ก"),
    ],
)
def test_a_name_given_twice_is_refused(body, name):
    with pytest.raises(BadRequest, match=f"'{name}' is given twice"):
        read_object(body, WANTED)


def test_equal_names_in_different_objects_are_fine():
    assert read_object(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}', WANTED)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(opening, closing):
    measure(nested(MOST_DEPTH, opening, closing))
    with pytest.raises(TooLarge, match="deep") as refused:
        read_object(nested(MOST_DEPTH + 1, opening, closing), WANTED)
    assert refused.value.extra["limit"] == MOST_DEPTH


def test_brackets_in_strings_do_not_count():
    assert read_object(b'{"a": "' + b"[{" * 50_000 + b'\\\\"}', WANTED)


def test_the_number_of_parts_is_bounded():
    assert read_object(b'{"a": [' + b",".join([b"1"] * (MOST_NODES - 2)) + b"]}", WANTED)
    for body in (
        b'{"a": [' + b",".join([b"1"] * (MOST_NODES + 2)) + b"]}",
        b'{"a": [' + b",".join([b"[]"] * MOST_NODES) + b"]}",
    ):
        with pytest.raises(TooLarge, match="parts"):
            read_object(body, WANTED)


@pytest.mark.parametrize(
    "body",
    [b"[" * 256_000, b'{"a":' * 50_000, b"]" * 256_000, b'"' * 255_999, b'"\\' * 128_000,
     b'{"a": ' + b"9" * 250_000 + b"}", b'{"a": ["' + b"\\u0e01" * 42_000 + b'"]}'],
    ids=["lists", "objects", "ends", "quotes", "backslashes", "digits", "letters"],
)  # fmt: skip
def test_no_body_of_the_largest_size_takes_long(body):
    best = 9.0
    for _ in range(3):
        began = time.process_time()
        with suppress(BadRequest):
            read_object(body, WANTED)
        best = min(best, time.process_time() - began)
    # A list of such a size that was to be walked part by part would take longer.
    assert best < 0.1
