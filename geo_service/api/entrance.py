"""The entrance: credentials are examined once, before any route is found.

A request without an ``Authorization`` header and without our cookie passes untouched. Bad
credentials are refused and never taken for none. Answers to whoever is known are his alone: no
cache keeps them, and no page of another site may read them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Hashable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo_service.core.accounts.entry import wait_words
from geo_service.core.accounts.limits import Buckets, neighbourhood
from geo_service.core.accounts.recognition import BAD_KEY, Recognition, parse_key
from geo_service.core.accounts.shelf import Numbers, SharedShelf
from geo_service.core.auth import ANONYMOUS, Principal
from geo_service.core.embeds.tokens import OUTSIDE, is_token
from geo_service.core.errors import Forbidden, TooManyRequests, Unauthenticated
from geo_service.core.settings import Settings
from geo_service.core.text import Text
from geo_service.deps import PRINCIPAL
from geo_service.deps.desk import (
    PERSONAL,
    SESSION_TOKEN,
    Desk,
    by_in,
    comes_from_us,
    drop_session,
    is_secure,
    note_refusal,
    session_cookie,
)
from geo_service.deps.embeds import OPEN, Embeds, principal_of
from geo_service.problems import answer_to

#: Failures of one machine, or of one prefix: a few at once, then ten a minute.
_FAILURES, _FAILURES_PER_S = 10, 1 / 6
#: What is refused is written down, but a flood of it does not fill the record.
_NOTES, _NOTES_PER_S = 60, 1 / 10
#: How long an answer is held that only says "too many", and how many at once.
_HELD_S: Final = 0.3
_MOST_HELD: Final = 200
_FORBIDDEN: Final = 403
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MARK: Final = b"geo_session="
#: Files of ours and signs of life; who is signed in gets them like everybody.
_OPEN: Final = ("/static/", "/fonts/")
_OPEN_EXACT: Final = frozenset({"/healthz", "/livez", "/readyz", OPEN})
#: Where a browser with a dead cookie gets a new one.
_ACCOUNT: Final = "/account"
#: All that somebody may do whose password another one knows.
_WITH_FIRST: Final = frozenset({
    _ACCOUNT, "/account/password", "/account/sign-in", "/account/sign-out",
})  # fmt: skip


class Doorkeeper:
    """What the entrance knows from request to request.

    Parameters
    ----------
    desk : Desk
        Where accounts and the record are kept.
    recognition : Recognition
        Recognises keys and sessions.
    embeds : Embeds
        Reads embed tokens.
    settings : Settings
        Quotas, and the public address.
    shared : sequence of float, optional
        Memory that other workers see, too: what is counted, is counted together.
    """

    def __init__(
        self,
        desk: Desk,
        recognition: Recognition,
        embeds: Embeds,
        settings: Settings,
        *,
        shared: Numbers | None = None,
    ) -> None:
        self.recognition, self.embeds, self.settings = recognition, embeds, settings
        self._desk = desk

        def buckets(name: str, size: float, per_s: float) -> Buckets:
            return Buckets(size, per_s, shelf=SharedShelf(shared, name) if shared else None)

        self._failures = buckets("failures", _FAILURES, _FAILURES_PER_S)
        self._quota = buckets("quota", settings.key_burst, settings.key_rate)
        self._notes = buckets("notes", _NOTES, _NOTES_PER_S)
        self._held = 0

    async def by_key(self, said: str, scope: Scope) -> Principal:
        """Recognise who sent an ``Authorization`` header.

        Parameters
        ----------
        said : str
            Value of the header.
        scope : Scope
            Of the request.

        Returns
        -------
        Principal
            The owner of the key.

        Raises
        ------
        TooManyRequests
            If there were too many failures, or the key asked too often.
        Unauthenticated
            If the key is not good.
        """
        scheme, _, token = said.partition(" ")
        if scheme.lower() == "bearer" and is_token(token):
            return await self.by_token(token.strip(), scope)
        parsed = parse_key(token.strip()) if scheme.lower() == "bearer" else None
        known = self.recognition.remembered(*parsed) if parsed else None
        if known is None:
            known = await self._asked(parsed, scope)
        if wait_s := await self._over_quota(known.id):
            raise TooManyRequests(wait_words(_whole(wait_s)), retryAfter=_whole(wait_s))
        return known

    async def by_token(self, said: str, scope: Scope) -> Principal:
        """Recognise an embedded page, and hold it to what its token opens.

        Parameters
        ----------
        said : str
            The token.
        scope : Scope
            Of the request.

        Returns
        -------
        Principal
            Who sees what everybody sees.

        Raises
        ------
        Unauthenticated
            If the token is not good.
        Forbidden
            If it does not open what is asked for.
        TooManyRequests
            If those who came with it from one neighbourhood ask too often.
        """
        who, path = ANONYMOUS, scope["path"]
        try:
            token = await self.embeds.examine_soon(said)
            who = principal_of(token)
            query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if scope["method"] not in _SAFE or not token.grant.permits(path, query):
                raise Forbidden(OUTSIDE)  # noqa: TRY301  (noted like every other refusal)
        except (Unauthenticated, Forbidden) as error:
            reason = error.extra.get("reason", error.code)
            detail = {"method": scope["method"], "reason": reason}
            await self.note("token-refused", scope, who, path[:400], detail)
            raise
        if wait_s := await self._over_quota(("embed", token.jti, _neighbours(scope))):
            raise TooManyRequests(wait_words(_whole(wait_s)), retryAfter=_whole(wait_s))
        return who

    async def by_cookie(self, token: str, scope: Scope) -> Principal | None:
        """Recognise who sent a cookie of ours.

        Parameters
        ----------
        token : str
            The cookie.
        scope : Scope
            Of the request.

        Returns
        -------
        Principal or None
            ``None`` when the session ended.

        Raises
        ------
        TooManyRequests
            If there were too many failures, or the person asks too often.
        Forbidden
            If the password must be changed first.
        """
        caller = ("cookie", _neighbours(scope))
        if wait_s := self._failures.wait(caller):
            raise TooManyRequests(wait_words(_whole(wait_s)), retryAfter=_whole(wait_s))
        signed = await run_in_threadpool(self.recognition.cookie, token)
        if signed is None:
            self._failures.take(caller)
            return None
        if wait_s := await self._over_quota(("user", signed.principal.id)):
            raise TooManyRequests(wait_words(_whole(wait_s)), retryAfter=_whole(wait_s))
        if signed.must_change and scope["path"] not in _WITH_FIRST:
            raise Forbidden(_CHANGE_FIRST)
        return signed.principal

    async def note(
        self, action: str, scope: Scope, who: Principal, what: str, detail: Mapping[str, Any]
    ) -> None:
        """Write down what was refused; not every time in a flood, and never at the caller's cost.

        Parameters
        ----------
        action : str
            A key of `audit.ACTIONS`.
        scope : Scope
            Of the request.
        who : Principal
            Who was refused.
        what : str
            What was asked for.
        detail : mapping
            Facts, no secrets.
        """
        if self._notes.take((action, who.id or _neighbours(scope))):
            return
        written = partial(note_refusal, self._desk, scope, action)
        await run_in_threadpool(written, who=who, what=what, detail=detail)

    async def _over_quota(self, caller: Hashable) -> float:
        wait_s = self._quota.take(caller)
        if wait_s and self._held < _MOST_HELD:
            # Who asks again at once is answered later: refusing costs the others time, too.
            self._held += 1
            try:
                await asyncio.sleep(_HELD_S)
            finally:
                self._held -= 1
        return wait_s

    async def _asked(self, parsed: tuple[str, str] | None, scope: Scope) -> Principal:
        callers = [("key", _neighbours(scope)), *([("prefix", parsed[0])] if parsed else [])]
        wait_s = max(self._failures.wait(caller) for caller in callers)
        # Who was recognised before is not put out by others who guess.
        if wait_s and not (parsed and self.recognition.is_familiar(*parsed)):
            raise TooManyRequests(wait_words(_whole(wait_s)), retryAfter=_whole(wait_s))
        try:
            return await run_in_threadpool(self._recognised, parsed)
        except Unauthenticated:
            for caller in callers:
                self._failures.take(caller)
            prefix = parsed[0] if parsed else ""
            await self.note("credentials", scope, ANONYMOUS, prefix, {"path": scope["path"]})
            raise

    def _recognised(self, parsed: tuple[str, str] | None) -> Principal:
        if parsed is None:
            raise Unauthenticated(BAD_KEY)
        return self.recognition.key(*parsed)


class Entrance:
    """Lets everybody in as who he is; see the module."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper) -> None:
        self.app, self._doorkeeper = app, doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Examine the credentials of a request, if it brought any, and pass it on."""
        if scope["type"] != "http" or not _has_credentials(scope):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        secure = is_secure(scope, self._doorkeeper.settings)
        is_dead = False
        try:
            is_dead = await self._examine(scope, headers, secure=secure)
        except Exception as error:  # noqa: BLE001  (answered like every other error)
            refused = answer_to(Request(scope), error)
            if isinstance(error, Unauthenticated) and "authorization" not in headers:
                drop_session(refused, secure=secure)
            refused.headers.update(PERSONAL)
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, partial(self._send, scope, send, is_dead, secure))

    async def _examine(self, scope: Scope, headers: Headers, *, secure: bool) -> bool:
        # True when a dead cookie is to be taken away from a browser that may come in all the same.
        keys = headers.getlist("authorization")
        if keys:
            # Two of them: it would not be certain whose the request is.
            said = keys[0] if len(keys) == 1 else ""
            who: Principal | None = await self._doorkeeper.by_key(said, scope)
        else:
            token = _cookies(headers).get(session_cookie(secure=secure))
            if token is None:
                return False
            who = await self._doorkeeper.by_cookie(token, scope)
            if who is None and not scope["path"].startswith(_ACCOUNT):
                raise Unauthenticated(_ENDED)
            if who is None:
                return True
            settings = self._doorkeeper.settings
            if scope["method"] not in _SAFE and not comes_from_us(scope, headers, settings):
                raise Forbidden(_STRANGE)
            scope[SESSION_TOKEN] = token
        scope[PRINCIPAL] = who
        # What he kept, if anything, may have been made for somebody else.
        scope["headers"] = [one for one in scope["headers"] if one[0] != b"if-none-match"]
        return False

    async def _send(
        self, scope: Scope, send: Send, is_dead: bool, secure: bool, message: Message
    ) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if is_dead:
                emptied = Response()
                drop_session(emptied, secure=secure)
                headers.append("Set-Cookie", emptied.headers["Set-Cookie"])
            if (who := scope.get(PRINCIPAL)) is not None:
                headers["Cache-Control"] = PERSONAL["Cache-Control"]
                varies = headers.get("vary", "").lower()
                for name in ("Authorization", "Cookie"):
                    if name.lower() not in varies:
                        headers.add_vary_header(name)
                if message["status"] == _FORBIDDEN:
                    path = scope["path"][:400]
                    detail = {"method": scope["method"]}
                    await self._doorkeeper.note("forbidden", scope, who, path, detail)
        await send(message)


def doorkeeper(
    desk: Desk, embeds: Embeds, settings: Settings, shared: Numbers | None = None
) -> Doorkeeper:
    """Make the doorkeeper of an application.

    Parameters
    ----------
    desk : Desk
        Where accounts and the record are kept.
    embeds : Embeds
        Reads embed tokens.
    settings : Settings
        Of the application.
    shared : sequence of float, optional
        As in `Doorkeeper`.

    Returns
    -------
    Doorkeeper
        Nothing is connected before the first credentials.
    """
    idle = timedelta(minutes=settings.session_idle_min)
    return Doorkeeper(desk, Recognition(desk, idle=idle), embeds, settings, shared=shared)


def _has_credentials(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"authorization" or (name == b"cookie" and _MARK in value):
            path: str = scope["path"]
            return not path.startswith(_OPEN) and path not in _OPEN_EXACT
    return False


def _cookies(headers: Headers) -> dict[str, str]:
    return cookie_parser("; ".join(headers.getlist("cookie")))


def _neighbours(scope: Scope) -> str:
    return neighbourhood(by_in(scope).address)


def _whole(wait_s: float) -> int:
    return max(1, math.ceil(wait_s))


_ENDED: Final = Text(
    th="การลงชื่อเข้าใช้หมดเวลาแล้ว กรุณาลงชื่อเข้าใช้ใหม่ หรือโหลดหน้านี้อีกครั้งเพื่อดูข้อมูลสาธารณะ",
    en="Your session has ended; sign in again, or load this page again to see the public data",
)
_CHANGE_FIRST: Final = Text(
    th="กรุณาเปลี่ยนรหัสผ่านที่ /account ก่อนใช้งาน", en="Change your password at /account first"
)
_STRANGE: Final = Text(
    th="คำขอนี้ไม่ได้ส่งมาจากหน้าเว็บของระบบ", en="The request did not come from a page of ours"
)
