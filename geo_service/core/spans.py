"""Spans for a collector: one for each request, one below it for each statement it asks.

They are told by OTLP over HTTP to the address in the settings; without one nothing is imported,
made or sent. A span of a request carries its name (`REQUEST`), route and status; one of a
statement its text as the database gets it, values apart, and the same name. Neither holds a query
of an address, a value, a header field or a person. Which share is told, header fields for the
collector and more are set by the variables ``OTEL_*`` that every such program knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from geo_service.core.log import REQUEST

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

NAME: Final = "thai-geo-service"
#: Bytes of a statement that are told.
_LONGEST_TEXT: Final = 2_000
_FAILED: Final = 500
_KEY: Final = "geo_span"


@dataclass(frozen=True, slots=True)
class Begun:
    """A span of a request that is not over, and what its thread was in before."""

    span: Span
    mark: Token[Context]


class Spans:
    """Tells a collector what happens.

    Parameters
    ----------
    endpoint : str
        Address of the collector, without the path of the protocol.
    version : str
        Of this program.
    """

    def __init__(self, endpoint: str, *, version: str) -> None:
        try:
            from opentelemetry import context, trace  # noqa: PLC0415
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
                TraceContextTextMapPropagator,
            )
        except ImportError as error:
            raise SystemExit(
                "GEO_OTEL_ENDPOINT: ต้องติดตั้งส่วนเสริม otel ก่อน · needs the extra otel:"
                " pip install 'thai-geo-service[otel]'"
            ) from error
        self._context, self._trace = context, trace
        self._propagator = TraceContextTextMapPropagator()
        about = {"service.name": NAME, "service.version": version}
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("geo_service")

    def begin(self, method: str, parent: bytes) -> Begun:
        """Begin the span of a request.

        Parameters
        ----------
        method : str
            Of the request.
        parent : bytes
            Its ``traceparent``; empty without one.

        Returns
        -------
        Begun
            For `end`.
        """
        traced = REQUEST.get()
        span = self._tracer.start_span(
            method,
            context=self._propagator.extract({"traceparent": parent.decode("latin-1")}),
            kind=self._trace.SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "geo.request": traced.request if traced else "",
            },
        )
        return Begun(span, self._context.attach(self._trace.set_span_in_context(span)))

    def end(self, begun: Begun, *, route: str, status: int, size: int) -> None:
        """End the span of a request.

        Parameters
        ----------
        begun : Begun
            By `begin`, in the same task.
        route : str
            Path of the route.
        status, size : int
            Of the answer.
        """
        span = begun.span
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.set_attribute("http.response.body.size", size)
        if status >= _FAILED:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()
        self._context.detach(begun.mark)

    @contextmanager
    def statement(self, sql: str) -> Iterator[None]:
        """Make a span of what is done inside.

        Parameters
        ----------
        sql : str
            The statement, without values.

        Yields
        ------
        None
            While it runs.
        """
        span = self._asked(sql)
        try:
            yield
        except BaseException as error:
            self._fail(span, error)
            raise
        finally:
            span.end()

    def follow(self, engine: Engine) -> None:
        """Make a span of every statement of an engine.

        Parameters
        ----------
        engine : Engine
            Listened to.
        """
        event.listen(engine, "before_cursor_execute", self._begin_statement)
        event.listen(engine, "after_cursor_execute", self._end_statement)
        event.listen(engine, "handle_error", self._fail_statement)

    def close(self) -> None:
        """Tell what is not told yet, and nothing more."""
        self._provider.shutdown()

    def _asked(self, sql: str) -> Span:
        traced = REQUEST.get()
        about = {"db.system.name": "postgresql", "db.query.text": sql[:_LONGEST_TEXT]}
        if traced is not None:
            about["geo.request"] = traced.request
        name = sql.split(maxsplit=1)[0].upper() if sql.strip() else "SQL"
        return self._tracer.start_span(name, kind=self._trace.SpanKind.CLIENT, attributes=about)

    def _fail(self, span: Span, error: BaseException) -> None:
        # Its words may hold values; its kind does not.
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(self._trace.StatusCode.ERROR)

    def _begin_statement(self, *told: Any) -> None:  # noqa: ANN401  (the event's)
        _, _, statement, _, context, _ = told
        if context is not None:
            setattr(context, _KEY, self._asked(statement))

    def _end_statement(self, *told: Any) -> None:  # noqa: ANN401
        span: Span | None = getattr(told[4], _KEY, None)
        if span is not None:
            span.end()

    def _fail_statement(self, failed: ExceptionContext) -> None:
        span: Span | None = getattr(failed.execution_context, _KEY, None)
        if span is not None:
            self._fail(span, failed.original_exception)
            span.end()
