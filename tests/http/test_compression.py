"""Answers in pieces are compressed while they pass: the same bytes, sooner there."""

from __future__ import annotations

import gzip
import threading

import brotli
import pytest
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from geo_service.api.wire import Compression, Methods

PIECES = [f'{{"number": {number}, "name": "ตำบล"}}\n'.encode() * 200 for number in range(50)]
WHOLE = b"".join(PIECES)
UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """A service whose answers come in pieces."""
    path = tmp_path_factory.mktemp("files") / "layer.json"
    path.write_bytes(WHOLE)

    def streamed(request):
        kind = request.query_params.get("kind", "application/geo+json")
        headers = {"Content-Length": str(len(WHOLE)), "Vary": "Accept"}
        return StreamingResponse(iter(PIECES), headers=headers, media_type=kind)

    def whole(request):
        size = int(request.query_params["size"])
        headers = {"ETag": 'W/"1"', "Vary": "Accept"}
        return Response(WHOLE[:size], headers=headers, media_type="application/geo+json")

    routes = [
        Route("/whole", whole),
        Route("/pieces", streamed),
        Route("/file", lambda _: FileResponse(path, media_type="application/geo+json")),
    ]
    middleware = [Middleware(Methods, router=lambda: app.router), Middleware(Compression)]
    app = Starlette(routes=routes, middleware=middleware)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("coding", UNPACK)
def test_an_answer_in_pieces_is_compressed_while_it_passes(pieces, coding):
    with pieces.stream("GET", "/pieces", headers={"Accept-Encoding": coding}) as answer:
        sent = list(answer.iter_raw())
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-length" not in answer.headers
    packed = b"".join(sent)
    assert UNPACK[coding](packed) == WHOLE
    assert len(packed) < len(WHOLE) / 10


@pytest.mark.parametrize("coding", UNPACK)
def test_head_tells_the_same_and_sends_nothing(pieces, coding):
    answer = pieces.head("/pieces", headers={"Accept-Encoding": coding})
    assert answer.headers["content-encoding"] == coding
    assert "content-length" not in answer.headers
    assert answer.content == b""


@pytest.mark.parametrize(
    ("path", "coding"),
    [
        ("/pieces", "identity"),
        ("/pieces", "br;q=0"),
        # What has ranges keeps its bytes, and what is compressed by its nature gains nothing.
        ("/file", "br, gzip"),
        ("/pieces?kind=application/geopackage%2Bsqlite3", "br, gzip"),
    ],
)
def test_other_answers_go_as_they_are(pieces, path, coding):
    answer = pieces.get(path, headers={"Accept-Encoding": coding})
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(WHOLE)
    assert answer.content == WHOLE


@pytest.mark.parametrize("size", [599, 600, 65_535, 65_536, len(WHOLE)])
@pytest.mark.parametrize("coding", UNPACK)
def test_whole_answers_are_compressed_by_a_thread_when_they_are_large(
    pieces, monkeypatch, size, coding
):
    threads = []

    def note(body, *how, **named):
        threads.append(threading.current_thread().name)
        return compress(body, *how, **named)

    library = {"br": brotli, "gzip": gzip}[coding]
    compress = library.compress
    monkeypatch.setattr(library, "compress", note)
    with pieces.stream("GET", f"/whole?size={size}", headers={"Accept-Encoding": coding}) as answer:
        sent = b"".join(answer.iter_raw())
    assert int(answer.headers["content-length"]) == len(sent)
    assert answer.headers["etag"] == 'W/"1"'
    if size < 600:
        assert sent == WHOLE[:size]
        assert answer.headers["vary"] == "Accept"
        assert not threads
        return
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert UNPACK[coding](sent) == WHOLE[:size]
    (thread,) = threads
    assert ("worker thread" in thread) == (size >= 65_536)
    told = pieces.head(f"/whole?size={size}", headers={"Accept-Encoding": coding})
    assert int(told.headers["content-length"]) == len(sent)
