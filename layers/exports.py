"""Whole layers to take away: written as text piece by piece, or into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from sqlalchemy.orm import Session

from geo_service.core.csv_text import csv_parts
from layers import counts, features, imprint, jsonfg
from layers.imprint import Imprint
from layers.questions import Question, State

#: Formats that can be read while they are being written.
STREAMED = ("geojson", "jsonfg", "geojsonseq", "csv")
#: Formats that are complete only at the end.
FILES = ("parquet", "gpkg", "fgb")
#: RFC 8142: each text follows a record separator and ends its line.
_RECORD = "\x1e"


def pieces(session: Session, question: Question, state: State, form: str) -> Iterator[bytes]:
    """Write every feature asked for, a piece at a time, in constant memory.

    The same state of the data gives the same bytes.

    Parameters
    ----------
    session : Session
        Open until the last piece, at one state of the data.
    question : Question
        What is asked.
    state : State
        State of the data.
    form : str
        One of `STREAMED`.

    Returns
    -------
    iterator of bytes
        UTF-8.
    """
    return _STREAMS[form](session, question, imprint.read(session, question.collection, state))


def write(session: Session, question: Question, state: State, form: str, *, path: Path) -> None:
    """Write every feature asked for into a file, in constant memory.

    Parameters
    ----------
    session : Session
        Open, at one state of the data.
    question : Question
        What is asked.
    state : State
        State of the data.
    form : str
        One of `FILES`.
    path : Path
        Of a new file.
    """
    # GDAL and Arrow are loaded by the first file asked for, not by starting the service.
    from layers import export_files  # noqa: PLC0415

    made = imprint.read(session, question.collection, state)
    rows = features.stream_rows(session, question, shape="file")
    has_all = form != "fgb" or not counts.misses_shapes(session, question)
    export_files.write(form, rows, question, made, path=path, has_all_shapes=has_all)


def page(
    session: Session,
    question: Question,
    state: State,
    form: str,
    *,
    rows: Sequence[tuple[Any, ...]],
) -> bytes:
    """Write some features as a file.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        What is asked.
    state : State
        State of the data.
    form : str
        One of `FILES`.
    rows : sequence of tuple
        From `features.read_rows`, with the shape as files have it.

    Returns
    -------
    bytes
        The whole file.
    """
    from layers import export_files  # noqa: PLC0415  (see `write`)

    made = imprint.read(session, question.collection, state)
    has_all = all(row[-1] is not None for row in rows)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"{question.collection.id}.{form}")
        export_files.write(form, [rows], question, made, path=path, has_all_shapes=has_all)
        return path.read_bytes()


def joined(texts: Sequence[str], form: str) -> bytes:
    """Join features as they follow each other in a document.

    Parameters
    ----------
    texts : sequence of str
        JSON of each.
    form : str
        One of `STREAMED` but CSV.

    Returns
    -------
    bytes
        UTF-8.
    """
    if form == "geojsonseq":
        return "".join(f"{_RECORD}{text}\n" for text in texts).encode()
    return ",".join(texts).encode()


def _geojson(session: Session, question: Question, made: Imprint) -> Iterator[bytes]:
    members = {"type": "FeatureCollection", **made.facts()}
    yield from _collection(members, features.stream(session, question))


def _jsonfg(session: Session, question: Question, made: Imprint) -> Iterator[bytes]:
    members = {
        "type": "FeatureCollection",
        **jsonfg.members(question),
        **made.facts(),
        "links": [{"rel": "profile", "href": jsonfg.PROFILE}],
    }
    parts = features.stream(session, jsonfg.widened(question))
    changed = ([jsonfg.feature(text, question) for text in texts] for texts in parts)
    yield from _collection(members, changed)


def _collection(members: Mapping[str, object], parts: Iterator[list[str]]) -> Iterator[bytes]:
    yield orjson.dumps(members)[:-1] + b',"features":['
    separator = b""
    for texts in parts:
        if texts:
            yield separator + joined(texts, "geojson")
            separator = b","
    yield b"]}\n"


def _sequence(session: Session, question: Question, made: Imprint) -> Iterator[bytes]:  # noqa: ARG001  (a sequence has no place to say whose it is)
    for texts in features.stream(session, question):
        yield joined(texts, "geojsonseq")


def _csv(session: Session, question: Question, made: Imprint) -> Iterator[bytes]:
    rows = features.stream_rows(session, question)
    headings = [*question.names, "lon", "lat"]
    for text in csv_parts(headings, rows, is_sample=made.state.is_sample):
        yield text.encode()


_STREAMS: Mapping[str, Callable[[Session, Question, Imprint], Iterator[bytes]]] = {
    "geojson": _geojson, "jsonfg": _jsonfg, "geojsonseq": _sequence, "csv": _csv,
}  # fmt: skip
