"""Spans go to a collector that decodes them; without an address nothing is made."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """Listens on this machine and keeps the spans it is told."""

    def __init__(self) -> None:
        self.spans, self.about = [], {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                told = ExportTraceServiceRequest.FromString(body)
                outer.paths = self.path
                for resource in told.resource_spans:
                    outer.about = read(resource.resource.attributes)
                    for scope in resource.scope_spans:
                        outer.spans += scope.spans
                self.send_response(200)
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def read(attributes) -> dict[str, object]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


def test_a_request_and_its_statements_are_one_trace_under_the_callers(
    country_engine, client_of, collector
):
    client = client_of(country_engine, otel_endpoint=collector.url, memory_mb=0)
    secret = "50.123456"
    client.get(
        f"/collections/provinces/items?lang=en&code={secret}",
        headers={"X-Request-Id": "a-name", "traceparent": f"00-{TRACE}-{PARENT}-01"},
    )
    client.get("/collections/no-such-thing")
    client.app.state.spans.close()

    assert collector.paths == "/v1/traces"
    assert collector.about["service.name"] == "thai-geo-service"
    mine = [one for one in collector.spans if one.trace_id.hex() == TRACE]
    (request,) = [one for one in mine if one.parent_span_id.hex() == PARENT]
    told = read(request.attributes)
    assert told["http.route"] == "/collections/{collection_id}/items"
    assert (told["http.response.status_code"], told["geo.request"]) == (200, "a-name")
    statements = [one for one in mine if one.parent_span_id == request.span_id]
    assert statements
    for one in statements:
        asked = read(one.attributes)
        assert (asked["db.system.name"], asked["geo.request"]) == ("postgresql", "a-name")
        assert request.start_time_unix_nano <= one.start_time_unix_nano <= one.end_time_unix_nano
    assert any("geo" in str(read(one.attributes)["db.query.text"]) for one in statements)
    assert secret.encode() not in b"".join(one.SerializeToString() for one in collector.spans)

    others = [one for one in collector.spans if one.trace_id.hex() != TRACE]
    assert {read(one.attributes)["geo.request"] for one in others if one.kind == 2}
    assert 404 in {read(one.attributes).get("http.response.status_code") for one in others}


def test_a_collector_that_is_away_costs_nobody_an_answer(country_engine, client_of, caplog):
    client = client_of(country_engine, otel_endpoint="http://127.0.0.1:9", memory_mb=0)
    assert client.get("/collections/provinces/items").status_code == 200


def test_without_an_address_nothing_of_it_is_imported():
    look = "import sys, geo_service.main; print(*(m for m in sys.modules if '.sdk' in m))"
    done = subprocess.run(  # noqa: S603  (ourselves)
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert "opentelemetry" not in done.stdout
