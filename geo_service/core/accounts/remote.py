"""Questions to another machine on behalf of who signs in: few at once, and none that lasts.

Whoever signs in holds a place of the service meanwhile. A provider that hangs must not take the
places of those who only read.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any, Final
from urllib.parse import urlsplit

from geo_service.core.errors import Unauthenticated, Unavailable
from geo_service.core.text import Text

_TIMEOUT_S: Final = 5.0
_LARGEST_BYTES: Final = 1_000_000
#: Who wait for the provider at once, how long others wait for their turn, and how long it is left
#: alone when it did not answer.
_AT_ONCE: Final = 2
_LONGEST_WAIT_S: Final = 1.0
_RESTS_S: Final = 10.0
_REFUSALS: Final = frozenset({400, 401, 403})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Remote:
    """One provider, as far as it answers."""

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._rests_until = float("-inf")

    def ask(
        self, address: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> dict[str, Any]:
        """Ask for an object in JSON.

        Parameters
        ----------
        address : str
            From `safe`.
        headers : mapping of str to str, optional
            Beside ``Accept``.
        body : bytes, optional
            What is posted.

        Returns
        -------
        dict
            The object.

        Raises
        ------
        Unavailable
            If the provider does not answer as it should, did not a moment ago, or has others
            waiting already.
        Unauthenticated
            If it refuses what was posted.
        """
        if time.monotonic() < self._rests_until or not self._turns.acquire(timeout=_LONGEST_WAIT_S):
            raise Unavailable(UNREACHABLE)
        try:
            return ask_once(address, headers=headers, body=body)
        except Unavailable:
            self._rests_until = time.monotonic() + _RESTS_S
            raise
        finally:
            self._turns.release()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917  (likewise)
        self,
        req: urllib.request.Request,  # noqa: ARG002  (the parent's signature)
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


def ask_once(
    address: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> dict[str, Any]:
    """Ask once, for five seconds at most a step.

    Parameters
    ----------
    address : str
        From `safe`.
    headers : mapping of str to str, optional
        Beside ``Accept``.
    body : bytes, optional
        What is posted.

    Returns
    -------
    dict
        The object in JSON that came.

    Raises
    ------
    Unavailable
        If it does not answer, or with anything else.
    Unauthenticated
        If what was posted is refused.
    """
    asked = urllib.request.Request(  # noqa: S310  (`safe` admits https, and http on this machine)
        address, data=body, headers={"Accept": "application/json", **(headers or {})}
    )
    # No proxy of the environment, no redirect: the secret goes where it was configured to go.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _NoRedirect,
    )
    try:
        with opener.open(asked, timeout=_TIMEOUT_S) as answer:
            told = json.loads(_read(answer))
    except urllib.error.HTTPError as error:
        error.close()
        if body is not None and error.code in _REFUSALS:
            raise Unauthenticated(NOT_PROVEN) from error
        raise Unavailable(UNREACHABLE) from error
    except (OSError, HTTPException, ValueError) as error:
        raise Unavailable(UNREACHABLE) from error
    if not isinstance(told, dict):
        raise Unavailable(UNREACHABLE)
    return told


def _read(answer: HTTPResponse) -> bytes:
    # The limit of a connection is one of each piece: who sends one letter at a time ends, too.
    deadline, read = time.monotonic() + _TIMEOUT_S, b""
    while piece := answer.read1(_LARGEST_BYTES):
        read += piece
        if len(read) > _LARGEST_BYTES or time.monotonic() > deadline:
            raise TimeoutError
    return read


def safe(address: str) -> str:
    """Let an address pass that secrets may be sent to.

    Parameters
    ----------
    address : str
        Of the provider.

    Returns
    -------
    str
        The same: by https, or on this machine.

    Raises
    ------
    Unavailable
        If it is anything else.
    """
    parts = urlsplit(address)
    is_own = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.scheme == "https" or is_own) or not parts.hostname:
        raise Unavailable(UNREACHABLE)
    return address


UNREACHABLE: Final = Text(
    th="ติดต่อผู้ให้บริการยืนยันตัวตน (OpenID) ไม่ได้ กรุณาลองใหม่ในอีกสักครู่",
    en="The OpenID provider does not answer as it should; try again in a moment",
)
NOT_PROVEN: Final = Text(
    th="ผู้ให้บริการยืนยันตัวตนไม่ได้ยืนยันการลงชื่อเข้าใช้ครั้งนี้ กรุณาเริ่มใหม่",
    en="The OpenID provider did not prove this sign-in; please start again",
)
