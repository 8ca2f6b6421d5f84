"""Whole layers as files: prepared once per state of the data, resumable, with their licence."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from geo_service import __version__
from geo_service.api.download_pages import downloads_sheet
from geo_service.api.formats import DOWNLOADED, FORMATS, disposition
from geo_service.api.kept_answer import KeptAnswer, Source
from geo_service.api.links import HTML, JSON, Links, json_answer
from geo_service.api.pages import sheet_answer
from geo_service.core.crs import CRS84, Crs
from geo_service.core.errors import Busy, NotFound
from geo_service.core.kept import KeptFiles, KeptFolder
from geo_service.core.text import Lang, Text
from geo_service.deps import (
    FOLLOWS_STATE,
    CrsDep,
    LangDep,
    SessionDep,
    choose_format,
    revalidate,
    scope_in,
)
from geo_service.deps.answers import VARY
from geo_service.deps.snapshots import OpenSnapshot, snapshots_of
from layers import exports, imprint, registry, versions
from layers.collection import Collection
from layers.questions import Question, State, state_of

router = APIRouter(prefix="/collections/{collection_id}/downloads", tags=["features"])

FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]
#: Formats that are kept compressed, too; the others are compressed in themselves.
_PACKED = ("geojson", "jsonfg", "geojsonseq", "csv")
_PIECE_BYTES = 1 << 18
#: Families without values: the same for everybody.
_PLACES = frozenset({"area", "org", "feature"})


@router.get("")
def downloads(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """List what a whole layer can be taken away as, with its licence and sources.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, {"json": JSON, "html": HTML}, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    sizes = sizes_of(request, session, known, state)
    headers = revalidate_sizes(request, state, sizes, lang)
    links = Links(request, lang)
    made = imprint.read(session, known, state)
    if form == "html":
        sheet = downloads_sheet(made, sizes, links)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="html"), HTML),
        links.link("collection", f"/collections/{known.id}", JSON, known.title),
        *enclosures(known, links, sizes),
    ]
    return json_answer({**made.facts(), "links": own}, headers, links=own[:3])


@router.get("/{file_name}")
def download(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    file_name: str,
    crs: CrsDep,
) -> Response:
    """Give a whole layer as a file.

    Returns
    -------
    Response
        From the kept file, in ranges when asked.
    """
    known = registry.read(session, collection_id)
    form = _form_of(file_name, known)
    question = Question(known, crs=crs)
    state = state_of(session, known.subjects)
    kept = _folder(request, session, known, state).file(_name(known, form, crs))
    session.close()  # a slow reader must not keep a connection
    about = Links(request, lang).to(f"/collections/{known.id}/downloads")
    headers = {
        "Content-Type": FORMATS[form].kind,
        "Content-Disposition": disposition(known, form, lang),
        "Content-Crs": f"<{crs.uri}>",
        "Cache-Control": "public, no-cache",
        "Vary": VARY,
        "Link": f'<{about}>; rel="license", <{about}>; rel="describedby"',
    }
    told = f"{kept.folder.name} {kept.name}"
    tag = hashlib.blake2b(told.encode(), digest_size=12).hexdigest()
    work = _Work(snapshots_of(request), question, state, form)
    if _is_of_few(request, known):
        return StreamingResponse(work.spare(), headers=headers)
    files, is_streamed = _files(request), form in exports.STREAMED
    source = Source(
        kept,
        start=lambda: files.make(kept, work.write, is_packed=form in _PACKED),
        spare=work.spare,
        is_streamed=is_streamed,
        is_packed=form in _PACKED,
    )
    return KeptAnswer(source, request, headers, tag)


def enclosures(known: Collection, links: Links, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Link the files of a whole layer.

    Parameters
    ----------
    known : Collection
        From the register.
    links : Links
        Of the answer.
    sizes : mapping of str to int
        Bytes of those that are prepared, by format.

    Returns
    -------
    list of dict
        ``rel=enclosure``, with ``length`` where it is known.
    """
    found: list[dict[str, Any]] = []
    for form in DOWNLOADED:
        title = Text(f"{known.title.th} ({FORMATS[form].title.th})",
                     f"{known.title.en} ({FORMATS[form].title.en})")  # fmt: skip
        path = f"/collections/{known.id}/downloads/{known.id}.{FORMATS[form].ending}"
        link: dict[str, Any] = dict(links.link("enclosure", path, FORMATS[form].kind, title))
        if form in sizes:
            link["length"] = sizes[form]
        found.append(link)
    return found


def sizes_of(
    request: Request, session: SessionDep, known: Collection, state: State
) -> dict[str, int]:
    """Tell the sizes of the files that are prepared.

    Parameters
    ----------
    request : Request
        Any request.
    session : Session
        Open.
    known : Collection
        From the register.
    state : State
        State of its data.

    Returns
    -------
    dict of str to int
        Bytes by format.
    """
    folder, found = _folder(request, session, known, state), {}
    for form in () if _is_of_few(request, known) else DOWNLOADED:
        with suppress(OSError):
            found[form] = folder.file(_name(known, form, CRS84)).path.stat().st_size
    return found


def revalidate_sizes(
    request: Request, state: State, sizes: Mapping[str, int], lang: Lang
) -> dict[str, str]:
    """Give the headers of an answer that tells the sizes of files, or stop here.

    Parameters
    ----------
    request : Request
        As in `revalidate`.
    state : State
        State of the data.
    sizes : mapping of str to int
        From `sizes_of`.
    lang : {"th", "en"}
        Language of the answer.

    Returns
    -------
    dict of str to str
        The answer changes when a file is prepared: it does not follow from the data alone.
    """
    headers = revalidate(request, f"{state.token} {sizes}", lang=lang)
    request.scope[FOLLOWS_STATE] = False
    return headers


class _Work:
    """How the bytes of a file come about, in a session of their own."""

    def __init__(self, opened: OpenSnapshot, question: Question, state: State, form: str) -> None:
        self._opened, self._question, self._state, self._form = opened, question, state, form

    def write(self, path: Path) -> None:
        """Write the file.

        Parameters
        ----------
        path : Path
            Of a new file.
        """
        with self._opened() as session:
            self._check(state_of(session, self._question.collection.subjects))
            if self._form in exports.STREAMED:
                # Unbuffered: others read along.
                with path.open("wb", buffering=0) as file:
                    for piece in exports.pieces(session, self._question, self._state, self._form):
                        file.write(piece)
            else:
                exports.write(session, self._question, self._state, self._form, path=path)

    def spare(self) -> Iterator[bytes]:
        """Give the bytes without the folder of kept files.

        Yields
        ------
        bytes
            The same as `write` writes.
        """
        if self._form in exports.STREAMED:
            with self._opened() as session:
                self._check(state_of(session, self._question.collection.subjects))
                yield from exports.pieces(session, self._question, self._state, self._form)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"layer.{self._form}")
            self.write(path)
            with path.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    yield piece

    def _check(self, now: State) -> None:
        if now.token != self._state.token:
            raise Busy(
                Text(
                    th="ข้อมูลเพิ่งเปลี่ยนระหว่างเตรียมไฟล์ กรุณาลองใหม่",
                    en="The data changed while the file was being prepared; ask again",
                )
            )


def _form_of(file_name: str, known: Collection) -> str:
    for form in DOWNLOADED:
        if file_name == f"{known.id}.{FORMATS[form].ending}":
            return form
    shown = ", ".join(f"{known.id}.{FORMATS[form].ending}" for form in DOWNLOADED)
    raise NotFound(
        Text(
            th=f"ไม่มีไฟล์ '{file_name[:80]}' ที่มีคือ {shown}",
            en=f"There is no file '{file_name[:80]}'; there are {shown}",
        )
    )


def _is_of_few(request: Request, known: Collection) -> bool:
    # Values that an insider sees are written for him alone: no file of them is kept.
    return known.family not in _PLACES and scope_in(request.scope) is not None


def _files(request: Request) -> KeptFiles:
    files: KeptFiles = request.app.state.kept_files
    return files


def _folder(request: Request, session: SessionDep, known: Collection, state: State) -> KeptFolder:
    when = versions.changed_at(session, known.subjects)
    told = f"{state.token}-{when.timestamp() if when else 0:.6f}"
    return _files(request).folder(known.id, f"{__version__}-{told}")


def _name(known: Collection, form: str, crs: Crs) -> str:
    system = "" if crs == CRS84 else f"-{crs.srid}"
    return f"{known.id}{system}.{FORMATS[form].ending}"
