"""How the answer is to be: its format, its freshness, the address its links begin with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from geo_service import __version__
from geo_service.core.accept import weight
from geo_service.core.errors import BadParameter, BadRequest, NotAcceptable, NotModified
from geo_service.core.text import Lang, Text
from geo_service.deps.context import settings_of
from geo_service.deps.insiders import scope_in

#: Who asks makes a difference too: a copy of the public answer is not one for an insider.
VARY = "Accept, Accept-Language, Accept-Encoding, Authorization, Cookie"
#: What is seen by few is kept by nobody.
PRIVATE = "private, no-store"
#: Mark on a request whose answer follows from its address and the state of the data alone.
FOLLOWS_STATE = "follows_state"
#: Mark on a request whose answer keeps its tag, whoever asks: a change of it names the tag.
KEEPS_TAG = "keeps_tag"
_OURS = __version__.encode()
_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]{1,255}")


def choose_format(request: Request, formats: Mapping[str, str], asked: str | None) -> str:
    """Choose the representation: ``f`` first, then ``Accept`` by weight, then the first one.

    Parameters
    ----------
    request : Request
        Its ``Accept`` counts when `asked` is ``None``.
    formats : mapping of str to str
        Short name to media type, the usual one first.
    asked : str, optional
        Value of ``f``.

    Returns
    -------
    str
        A key of `formats`.

    Raises
    ------
    BadParameter
        If ``f`` names none of them.
    NotAcceptable
        If ``Accept`` admits none of them.
    """
    if asked is not None:
        if asked not in formats:
            raise BadParameter(
                Text(
                    th=f"f ต้องเป็นหนึ่งใน {', '.join(formats)}",
                    en=f"f is one of {', '.join(formats)}",
                ),
                parameter="f",
                known=list(formats),
            )
        return asked
    accept = request.headers.get("accept", "*/*")
    best = max(formats, key=lambda name: weight(accept, formats[name]))
    if weight(accept, formats[best])[0] <= 0:
        raise NotAcceptable(
            Text(
                th=f"มีเฉพาะรูปแบบ {', '.join(formats.values())}",
                en=f"Available: {', '.join(formats.values())}",
            ),
            known=list(formats.values()),
        )
    return best


def revalidate(request: Request, version: str, *, lang: Lang | None = None) -> dict[str, str]:
    """Give the headers of a cacheable answer, or stop here when the caller's copy is good.

    Call it before any heavy query. An address that carries the current ``v`` never changes.

    Parameters
    ----------
    request : Request
        The whole address, ``Accept`` and ``If-None-Match`` count.
    version : str
        Version of everything the answer is made from.
    lang : {"th", "en"}, optional
        Language of the answer, when it has one.

    Returns
    -------
    dict of str to str
        ``ETag``, ``Cache-Control``, ``Vary``, ``Content-Language``; without a tag for those who
        see more than the public.

    Raises
    ------
    NotModified
        If ``If-None-Match`` names this very state.
    """
    named = {} if lang is None else {"Content-Language": lang}
    if scope_in(request.scope) is not None:
        return {"Cache-Control": PRIVATE, "Vary": VARY} | named
    asked = request.headers
    identity = identity_of(
        request.scope, asked.get("host", "").encode("latin-1"),
        asked.get("accept", "").encode("latin-1"), lang or "",
    )  # fmt: skip
    headers = cached(identity, version, is_fixed=request.query_params.get("v") == version) | named
    tag = headers["ETag"]
    request.scope[FOLLOWS_STATE] = True
    if is_good(tag, request.headers.get("if-none-match", "")):
        raise NotModified(headers)
    return headers


def identity_of(scope: Mapping[str, Any], host: bytes, accept: bytes, lang: str = "") -> bytes:
    """Say what makes two public answers of one state of the data differ.

    Parameters
    ----------
    scope : mapping
        Of the request.
    host, accept : bytes
        Its headers.
    lang : str
        Language of the answer, when it has one.

    Returns
    -------
    bytes
        The scheme does not count: behind a proxy it is not the caller's.
    """
    path = scope.get("root_path", "") + scope["path"]
    return b"\n".join((host, path.encode(), scope["query_string"], accept, lang.encode()))


def cached(identity: bytes, version: str, *, is_fixed: bool) -> dict[str, str]:
    """Give the headers of a public answer that follows from its address and the state alone.

    Parameters
    ----------
    identity : bytes
        From `identity_of`.
    version : str
        Version of everything the answer is made from.
    is_fixed : bool
        Whether the address names this very version, and so never changes.

    Returns
    -------
    dict of str to str
        ``ETag``, ``Cache-Control``, ``Vary``.
    """
    whole = b"\n".join((_OURS, version.encode(), identity))
    return {
        "ETag": f'W/"{hashlib.blake2b(whole, digest_size=12).hexdigest()}"',
        "Cache-Control": "public, max-age=31536000, immutable" if is_fixed else "public, no-cache",
        "Vary": VARY,
    }


def is_good(tag: str, known: str) -> bool:
    """Tell whether a caller's copy is the answer with this tag.

    Parameters
    ----------
    tag : str
        ``ETag`` of the answer.
    known : str
        ``If-None-Match`` of the request.

    Returns
    -------
    bool
        By RFC 9110, 13.1.2: weak tags compare without their mark.
    """
    return tag == known or not {part.strip() for part in known.split(",")}.isdisjoint(
        {tag, tag.removeprefix("W/"), "*"}
    )


def base_url(request: Request) -> str:
    """Return the address of the service as its callers see it, without a final slash.

    Parameters
    ----------
    request : Request
        Its ``Host`` counts unless ``GEO_PUBLIC_URL`` is set.

    Returns
    -------
    str
        For example ``http://127.0.0.1:8000``.

    Raises
    ------
    BadRequest
        If ``Host`` could not be the name of a host.
    """
    public = settings_of(request).public_url.rstrip("/")
    if public:
        return public
    if not _HOST.fullmatch(request.headers.get("host", "localhost")):
        raise BadRequest(Text(th="ส่วนหัว Host ไม่ถูกต้อง", en="The Host header is not a host"))
    return str(request.base_url).rstrip("/")
