"""Features as JSON answers: GeoJSON, JSON-FG, text sequences; large ones wait on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import orjson
from fastapi import Response
from fastapi.responses import StreamingResponse

from geo_service.api.formats import ANSWERS, AS_JSONFG, FORMATS, KINDS
from geo_service.api.links import HTML, JSON, SCHEMA, Links, link_header, notice
from geo_service.deps import SessionDep
from layers import exports, features, jsonfg
from layers.collection import Collection
from layers.questions import Question

#: Larger answers wait on disk: memory stays the same however many features there are.
MOST_IN_MEMORY_BYTES = 4 << 20
#: Features that one statement reads.
MOST_AT_ONCE = 1000
_PIECE_BYTES = 1 << 18
#: What is found at the address of a profile.
_PROFILE_TYPE = "text/html"


@dataclass(frozen=True, slots=True)
class Pieces:
    """Features as they stand in the answer, given a few at a time; `size` is that of all, bytes."""

    size: int
    parts: AsyncIterator[bytes]


class Pages:
    """The features of one answer, read and written a few at a time.

    `total` is how many there are of all, where that is known or cheap to know with the first
    page. `count` and `cursor` are those of the answer, once it is written.
    """

    def __init__(
        self,
        session: SessionDep,
        question: Question,
        form: str,
        *,
        limit: int,
        cursor: str | None,
        offset: int,
        total: int | None,
    ) -> None:
        self.count, self.cursor, self.total = 0, cursor, total
        self._session, self._question, self._form = session, question, form
        self._limit, self._offset = limit, offset
        self._asks_total = limit <= MOST_AT_ONCE
        self._is_streamed = total is not None and MOST_AT_ONCE < total <= limit and not offset

    def written(self) -> IO[bytes]:
        """Write the features, one after the other.

        Returns
        -------
        file
            At its beginning; on disk when it is large.
        """
        with ExitStack() as unless_written:
            body = unless_written.enter_context(SpooledTemporaryFile(MOST_IN_MEMORY_BYTES))
            separator = b""
            for texts in self._texts():
                if texts:
                    body.write(separator)
                    body.write(exports.joined(texts, self._form))
                    self.count += len(texts)
                    separator = b"" if self._form == "geojsonseq" else b","
            body.seek(0)
            # Closed by who reads it.
            unless_written.pop_all()
        return body

    def _texts(self) -> Iterator[Sequence[str]]:
        question = self._question
        if self._form not in AS_JSONFG:
            return self._parts(question)
        parts = self._parts(jsonfg.widened(question))
        return ([jsonfg.feature(text, question) for text in texts] for texts in parts)

    def _parts(self, question: Question) -> Iterator[Sequence[str]]:
        if self._is_streamed:
            yield from features.stream(self._session, question)
            return
        while self.count < self._limit:
            most = min(self._limit - self.count, MOST_AT_ONCE)
            page = features.read_page(
                self._session,
                question,
                limit=most,
                cursor=self.cursor,
                offset=self._offset,
                with_total=self._asks_total and self.cursor is None,
            )
            self.total = self.total if page.total is None else page.total
            self.cursor, self._offset = page.cursor, 0
            yield page.features
            if page.cursor is None:
                return


def answer_of(
    body: IO[bytes] | bytes | Pieces,
    question: Question,
    form: str,
    links: Links,
    following: str | None,
    headers: Mapping[str, str],
    facts: Mapping[str, Any],
) -> Response:
    """Answer with a collection of features.

    Parameters
    ----------
    body : file, bytes or Pieces
        The features, from `Pages`; or as they stand in the answer.
    question : Question
        What was asked.
    form : str
        ``geojson``, ``json``, ``jsonfg``, ``geojsonseq`` or one of `PROFILED`.
    links : Links
        Of the answer.
    following : str, optional
        Address of the next page.
    headers : mapping of str to str
        Of the answer.
    facts : mapping of str to object
        Numbers and notices.

    Returns
    -------
    Response
        Streamed from disk when it is large.
    """
    own = _page_links(links, form, following, question.collection)
    made = {**headers, "Link": _header(own, form)}
    if form == "geojsonseq":
        return _sent(b"", body, b"", made, form)
    told = {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        **_members(question, form, links),
        **facts,
        "links": _profiled(own, form),
    }
    return _sent(orjson.dumps(told)[:-1] + b',"features":[', body, b"]}", made, form)


def one_feature(
    question: Question,
    text: str,
    form: str,
    links: Links,
    headers: Mapping[str, str],
    *,
    is_sample: bool,
) -> Response:
    """Answer with one feature.

    Parameters
    ----------
    question : Question
        What was asked.
    text : str
        The feature, from `layers.features`.
    form : str
        ``geojson``, ``json``, ``jsonfg`` or one of `PROFILED`.
    links : Links
        Of the answer.
    headers : mapping of str to str
        Of the answer.
    is_sample : bool
        Whether to say that the data is made up.

    Returns
    -------
    Response
        With links.
    """
    known = question.collection
    own = [
        links.made("self", links.here(), ANSWERS[form]),
        links.made("alternate", links.here(f="html"), HTML),
        links.link("collection", f"/collections/{known.id}", JSON, known.title),
    ]
    if form in AS_JSONFG:
        text = jsonfg.feature(text, question)
    told = {
        **_members(question, form, links),
        **notice(is_sample=is_sample),
        "links": _profiled(own, form),
    }
    body = text[:-1].encode() + b"," + orjson.dumps(told)[1:]
    return Response(body, headers={**headers, "Link": _header(own, form)}, media_type=ANSWERS[form])


def _sent(
    head: bytes,
    body: IO[bytes] | bytes | Pieces,
    tail: bytes,
    headers: Mapping[str, str],
    form: str,
) -> Response:
    if isinstance(body, Pieces):
        length = {"Content-Length": str(len(head) + body.size + len(tail))}
        parts = _around(head, body.parts, tail)
        return StreamingResponse(parts, headers={**headers, **length}, media_type=KINDS[form])
    if isinstance(body, bytes):
        whole = b"".join((head, body, tail))
        return Response(whole, headers=dict(headers), media_type=ANSWERS[form])
    size = body.seek(0, 2)
    body.seek(0)
    if size <= MOST_IN_MEMORY_BYTES:
        with body:
            whole = head + body.read() + tail
        return Response(whole, headers=dict(headers), media_type=ANSWERS[form])
    length = {"Content-Length": str(len(head) + size + len(tail))}
    pieces = _pieces(head, body, tail)
    return StreamingResponse(pieces, headers={**headers, **length}, media_type=ANSWERS[form])


async def _around(head: bytes, parts: AsyncIterator[bytes], tail: bytes) -> AsyncIterator[bytes]:
    yield head
    async for part in parts:
        yield part
    yield tail


def _pieces(head: bytes, body: IO[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    with body:
        while piece := body.read(_PIECE_BYTES):
            yield piece
    yield tail


def _members(question: Question, form: str, links: Links) -> dict[str, Any]:
    if form not in AS_JSONFG:
        return {}
    return jsonfg.members(question, links.to(f"/collections/{question.collection.id}/schema"))


def _profiled(own: list[dict[str, str]], form: str) -> list[dict[str, str]]:
    return [*own, {"rel": "profile", "type": _PROFILE_TYPE, "href": _profile(form)}]


def _profile(form: str) -> str:
    return jsonfg.PROFILE if form in AS_JSONFG else jsonfg.PLAIN_PROFILE


def _header(own: Sequence[Mapping[str, str]], form: str) -> str:
    # The other formats are told in the body: a header of a kilobyte on every page helps nobody.
    told = link_header([one for one in own if one["rel"] != "alternate"])
    return told if form == "geojsonseq" else f'{told}, <{_profile(form)}>; rel="profile"'


def _page_links(
    links: Links, form: str, following: str | None, known: Collection
) -> list[dict[str, str]]:
    bare, path = links.here(without=("f",)), f"/collections/{known.id}"
    mark = "&" if "?" in bare else "?"
    others = (name for name in FORMATS if name not in {form.removesuffix("-fg"), "json"})
    own = [
        links.made("self", links.here(), ANSWERS[form]),
        *(links.made("alternate", f"{bare}{mark}f={name}", KINDS[name]) for name in others),
        links.link("collection", path, JSON, known.title),
        links.link("license", f"{path}/downloads", JSON),
        # OGC API - Features, Part 3, 6.2: whoever has the features finds what filters may name.
        links.link(
            "http://www.opengis.net/def/rel/ogc/1.0/queryables", f"{path}/queryables", SCHEMA
        ),
    ]
    if following is not None:
        own.append(links.made("next", following, ANSWERS[form]))
    return own
