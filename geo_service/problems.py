"""From an error to an answer: one shape of problem document (RFC 9457) for every failure."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from geo_service.core import text
from geo_service.core.accept import weight
from geo_service.core.errors import (
    BadParameter,
    BadRequest,
    Busy,
    Conflict,
    Fault,
    Forbidden,
    HeadersTooLarge,
    Internal,
    MethodNotAllowed,
    NoSpace,
    NoSuchRange,
    NotAcceptable,
    NotFound,
    NotInstalled,
    NotModified,
    NotStated,
    Outdated,
    Refused,
    TimedOut,
    TooLarge,
    TooLong,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnknownMediaType,
)
from geo_service.core.text import Lang, Text

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
#: Writes an error as a page for people: request, error, status.
Page = Callable[[Request, Fault, int], Response]

#: HTTP status of each branch of the tree; the nearest parent counts.
STATUS: Mapping[type[Fault], int] = {
    BadRequest: 400,
    MethodNotAllowed: 405,
    UnknownMediaType: 415,
    NotStated: 428,
    TooLong: 414,
    TooLarge: 413,
    HeadersTooLarge: 431,
    NoSuchRange: 416,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    NotAcceptable: 406,
    Conflict: 409,
    Outdated: 412,
    Refused: 422,
    TooManyRequests: 429,
    Unavailable: 503,
    TimedOut: 504,
    NoSpace: 507,
    NotInstalled: 503,
    Fault: 500,
}

RETRY_AFTER_S = 2
_KEPT = ("Allow", "Cache-Control", "Content-Range", "Retry-After", "WWW-Authenticate")
_CHALLENGE = 'Bearer realm="geo-service"'
_QUERY_CANCELED = "57014"
_READ_ONLY = "25006"
_LOCKED, _DISK_FULL = "55P03", "53100"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_HTTP_NOT_FOUND, _HTTP_METHOD_NOT_ALLOWED = 404, 405


def status_of(fault: Fault) -> int:
    """Return the HTTP status of an error.

    Parameters
    ----------
    fault : Fault
        Any error of the tree.

    Returns
    -------
    int
        Status of the nearest class that has one.
    """
    return next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)


def choose_language(request: Request) -> Lang:
    """Choose the reader's language: ``lang``, else ``Accept-Language``, else Thai.

    Parameters
    ----------
    request : Request
        A ``lang`` that is neither ``th`` nor ``en`` is passed over here; the
        dependency of the same purpose refuses it.

    Returns
    -------
    {"th", "en"}
        The language of the answer.
    """
    asked = request.query_params.get("lang")
    return text.choose_language(asked, request.headers.get("accept-language", ""))


def problem(fault: Fault, lang: Lang, *, instance: str = "") -> Response:
    """Write an error as a problem document.

    Parameters
    ----------
    fault : Fault
        What went wrong.
    lang : {"th", "en"}
        Language of ``title`` and ``detail``; both languages are in ``th`` and ``en``.
    instance : str
        Path that was asked.

    Returns
    -------
    Response
        ``application/problem+json``.
    """
    status = status_of(fault)
    body: dict[str, Any] = {
        "type": f"urn:geo-service:problem:{fault.code}",
        "code": fault.code,
        "title": fault.title.in_(lang),
        "status": status,
        "detail": fault.detail.in_(lang),
        "instance": instance,
        "th": {"title": fault.title.th, "detail": fault.detail.th},
        "en": {"title": fault.title.en, "detail": fault.detail.en},
    }
    body |= {name: value for name, value in fault.extra.items() if name not in body}
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": lang,
        "Vary": "Accept, Accept-Language",
    }
    if isinstance(fault, Unavailable | TooManyRequests):
        headers["Retry-After"] = str(fault.extra.get("retryAfter", RETRY_AFTER_S))
    elif isinstance(fault, Unauthenticated):
        headers["WWW-Authenticate"] = _CHALLENGE
    elif isinstance(fault, NoSuchRange):
        headers["Content-Range"] = f"bytes */{fault.extra['size']}"
    elif isinstance(fault, MethodNotAllowed) and "allow" in fault.extra:
        headers["Allow"] = str(fault.extra["allow"])
    return Response(
        orjson.dumps(body, default=str), status, headers=headers, media_type=PROBLEM_JSON
    )


def as_fault(error: Exception) -> Fault:
    """Turn any error into one of ours; nothing of an unknown error's own text is kept.

    Parameters
    ----------
    error : Exception
        What was raised.

    Returns
    -------
    Fault
        What the caller may know.
    """
    if isinstance(error, Fault):
        return error
    return next((make(error) for kind, make in _TURNED if isinstance(error, kind)), _internal())


def install(app: FastAPI) -> None:
    """Make every failure of an application answer with a problem document.

    Parameters
    ----------
    app : FastAPI
        The application under construction.
    """

    def answer(request: Request, error: Exception) -> Response:
        return answer_to(request, error)

    for kind in (Fault, RequestValidationError, HTTPException, PoolTimeout, DBAPIError, Exception):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(NotModified, _not_modified)


def prefers_page(request: Request) -> bool:
    """Tell whether a person is to read the answer: a browser asks for HTML first.

    Parameters
    ----------
    request : Request
        Its ``Accept`` counts, and ``f=html``.

    Returns
    -------
    bool
        False when JSON is as welcome as HTML.
    """
    if request.query_params.get("f") == "html":
        return True
    accept = request.headers.get("accept", "*/*")
    others = (PROBLEM_JSON, "application/json", "application/geo+json")
    return weight(accept, "text/html") > max(weight(accept, other) for other in others)


def answer_to(request: Request, error: Exception, *, page: Page | None = None) -> Response:
    """Answer an error, and log it when it is the service's own fault.

    Parameters
    ----------
    request : Request
        What was asked.
    error : Exception
        What was raised.
    page : callable, optional
        Writes the answer whoever asks; without it browsers get the application's page,
        and programs a problem document.

    Returns
    -------
    Response
        With the status of the error.
    """
    fault = as_fault(error)
    if isinstance(fault, Internal) and fault is not error:
        log.error("request failed", extra={"path": request.url.path}, exc_info=error)
    elif isinstance(fault, Unavailable) and not isinstance(fault, Busy):
        # Who is sent away in a rush is counted; a line for each would be a rush of its own.
        log.warning("request refused", extra={"path": request.url.path, "code": fault.code})
    if page is None and prefers_page(request):
        page = getattr(request.app.state, "problem_page", None)
    answer = problem(fault, choose_language(request), instance=request.url.path)
    if page is not None:
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        answer = page(request, fault, answer.status_code)
        answer.headers.update(headers)
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update(error.headers)
    return answer


def _not_modified(request: Request, error: Exception) -> Response:  # noqa: ARG001  (the handler's signature)
    headers = error.headers if isinstance(error, NotModified) else {}
    return Response(status_code=304, headers=headers)


def _internal() -> Fault:
    return Internal(
        Text(
            th="ระบบได้บันทึกข้อผิดพลาดนี้ไว้แล้ว กรุณาลองใหม่หรือแจ้งผู้ดูแลระบบ",
            en="The fault was written to the log; try again or tell the operator",
        )
    )


def _from_validation(error: RequestValidationError) -> Fault:
    where, *names = error.errors()[0]["loc"]
    name = ".".join(str(part) for part in names)
    if where == "path":
        return NotFound(Text(th="ไม่พบที่อยู่นี้", en="There is nothing at this address"))
    return BadParameter(
        Text(th=f"ค่าของ '{name}' ไม่ถูกต้อง", en=f"The value of '{name}' is not valid"),
        parameter=name,
    )


def _from_http(error: HTTPException) -> Fault:
    if error.status_code == _HTTP_NOT_FOUND:
        return NotFound(Text(th="ไม่พบที่อยู่นี้", en="There is nothing at this address"))
    if error.status_code == _HTTP_METHOD_NOT_ALLOWED:
        return MethodNotAllowed(
            Text(
                th="ที่อยู่นี้ไม่รับวิธีเรียกนี้ ส่ง OPTIONS เพื่อดูวิธีที่รับ",
                en="This address does not take that method; OPTIONS tells which it takes",
            )
        )
    return BadRequest(Text(th="อ่านคำขอนี้ไม่ได้", en="The request could not be read"))


def _from_database(error: DBAPIError) -> Fault:
    # 57014: statement_timeout; every other class of the driver's operational errors is an
    # outage seen from here (refused, reset, shutting down, recovering).
    if getattr(error.orig, "pgcode", None) == _QUERY_CANCELED:
        return TimedOut(
            Text(
                th="การค้นข้อมูลใช้เวลานานเกินกำหนด กรุณาจำกัดพื้นที่หรือจำนวนให้น้อยลง",
                en="The query ran into its time limit; ask for a smaller area or fewer features",
            )
        )
    if getattr(error.orig, "pgcode", None) == _READ_ONLY:
        return Unavailable(
            Text(
                th="ขณะนี้ฐานข้อมูลรับเฉพาะการอ่าน กรุณาลองใหม่ภายหลัง ข้อมูลสาธารณะยังดูได้ตามปกติ",
                en="The database only reads right now; public data is served as usual, try later",
            )
        )
    if getattr(error.orig, "pgcode", None) == _LOCKED:
        return Busy(
            Text(
                th="ข้อมูลนี้กำลังถูกปรับปรุง กรุณาลองใหม่ในอีกสักครู่",
                en="These data are being changed right now; try again in a moment",
            )
        )
    if getattr(error.orig, "pgcode", None) == _DISK_FULL:
        return no_space()
    if error.connection_invalidated or type(error).__name__ in {
        "OperationalError",
        "InterfaceError",
    }:
        return Unavailable(
            Text(
                th="ติดต่อฐานข้อมูลไม่ได้ในขณะนี้ กรุณาลองใหม่ในอีกสักครู่",
                en="The database does not answer right now; try again in a moment",
            )
        )
    return _internal()


def no_space() -> Fault:
    """Say that a disk is full.

    Returns
    -------
    Fault
        507; what was to be written is not there at all.
    """
    return NoSpace(
        Text(
            th="พื้นที่จัดเก็บเต็ม ไม่มีการบันทึกสิ่งใด กรุณาแจ้งผู้ดูแลระบบ",
            en="The disk is full and nothing was kept; tell the operator",
        )
    )


def _from_system(error: OSError) -> Fault:
    return no_space() if error.errno in _FULL else _internal()


def _busy() -> Fault:
    return Busy(
        Text(
            th="ระบบกำลังให้บริการเต็มจำนวน กรุณาลองใหม่ในอีกสักครู่",
            en="All database connections are in use; try again in a moment",
        )
    )


def _out_of_range() -> Fault:
    return BadParameter(
        Text(
            th="มีค่าที่อยู่นอกช่วงที่ระบบรับได้",
            en="A value lies outside the range the service can hold",
        )
    )


_TURNED: tuple[tuple[type[Exception], Callable[[Any], Fault]], ...] = (
    (RequestValidationError, _from_validation),
    (HTTPException, _from_http),
    (PoolTimeout, lambda _: _busy()),
    (DataError, lambda _: _out_of_range()),
    (DBAPIError, _from_database),
    (OSError, _from_system),
)
