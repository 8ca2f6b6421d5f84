"""Connections of callers: each must get on, or it is closed.

The server reads header fields and bodies for as long as they take to come, and holds answers for
as long as they take to be read. Here every connection is looked at once a second: one whose header
fields are not complete in time, whose body or answer moves too slowly, or that is one too many
and idle, is closed at once. The header fields of a request are bounded in bytes as they come. Who
is sent away may be told so before his question is read (`Refuse`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, ClassVar, Final
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

log = logging.getLogger(__name__)

#: Bytes of a request line and its header fields: more than any address and any browser's cookies.
MOST_HEAD_BYTES: Final = 64_000
#: A body or an answer that moves more slowly than this, in bytes a second, is held on purpose.
SLOWEST_BYTES_S: Final = 500.0
#: Seconds over which that is measured.
SPAN_S: Final = 12.0
_LOOK_S: Final = 1.0
_looked_after: WeakSet[Any] = WeakSet()

#: By what came on a connection, and its address: the head of an answer but for its last line, and
#: the body; nothing when the question is to be read as any other.
Refuse = Callable[[bytes, str], tuple[bytes, bytes] | None]


class Bounded(HttpToolsProtocol):
    """A connection that is looked after while it is open."""

    most_open: ClassVar[int] = 2_000
    header_s: ClassVar[float] = 10.0
    refuse: ClassVar[staticmethod[[bytes, str], tuple[bytes, bytes] | None]]

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401  (the server's)
        super().__init__(*args, **named)
        # Since when, in seconds of the loop, the header fields or the body are awaited; None
        # while the application is at work, or nothing was asked.
        self._since: float | None = None
        self._is_in_body = False
        self._head_bytes = self._body_bytes = 0
        # Bytes of the answer that were not sent, and when that was.
        self._unsent, self._unsent_since = 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to look after it; make room when there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._since = self.loop.time()
        if self.server_state not in _looked_after:
            _looked_after.add(self.server_state)
            self.loop.call_later(_LOOK_S, _look, self.server_state, self.loop)
        if len(self.connections) > self.most_open:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Count what comes; header fields beyond the bound end the connection."""
        if self._is_sent_away(data):
            return
        if self._since is None:
            self._since = self.loop.time()
        if self._is_in_body:
            self._body_bytes += len(data)
        else:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The header fields are too large.")

    def _is_sent_away(self, data: bytes) -> bool:
        # Only where nothing was begun: neither a head nor a body nor an answer.
        is_begun = (
            self._head_bytes or self._is_in_body or not self.is_idle or self.flow.write_paused
        )
        if is_begun or self.client is None or self.transport.is_closing():
            return False
        told = self.refuse(data, self.client[0])
        if told is None:
            return False
        self._unset_keepalive_if_required()
        default = b"".join(b"%s: %s\r\n" % one for one in self.server_state.default_headers)
        self.transport.write(b"%s%s\r\n%s" % (told[0], default, told[1]))
        self._since = None
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        return True

    def on_headers_complete(self) -> None:
        """Wait for the body from now on, if there is one."""
        self._is_in_body, self._head_bytes, self._body_bytes = True, 0, 0
        self._since = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing more."""
        self._is_in_body, self._since = False, None
        super().on_message_complete()

    @property
    def is_idle(self) -> bool:
        """Whether nothing was asked on it that is not answered."""
        return self.cycle is None or self.cycle.response_complete

    def is_stuck(self, now: float) -> bool:
        """Tell whether it does not get on.

        Parameters
        ----------
        now : float
            Time of the loop, in seconds.

        Returns
        -------
        bool
            True when it is to be closed.
        """
        return self._is_slow_to_ask(now) or self._is_slow_to_read(now)

    def _is_slow_to_ask(self, now: float) -> bool:
        if self._since is None:
            return False
        took_s = now - self._since
        if not self._is_in_body:
            return took_s > self.header_s
        if took_s > SPAN_S:
            # A body that the application does not take yet is not late.
            if self._body_bytes < SLOWEST_BYTES_S * SPAN_S and not self.flow.read_paused:
                return True
            self._since, self._body_bytes = now, 0
        return False

    def _is_slow_to_read(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or not self._unsent:
            self._unsent, self._unsent_since = unsent, now
        elif now - self._unsent_since > SPAN_S:
            if self._unsent - unsent < SLOWEST_BYTES_S * SPAN_S and self._is_out:
                return True
            self._unsent, self._unsent_since = unsent, now
        return False

    @property
    def _is_out(self) -> bool:
        # Nothing more is written to it: the answer is complete, or was given up.
        return self.is_idle or self.transport.is_closing()

    @property
    def idle_since(self) -> float:
        """Since when something is awaited on it, in seconds of the loop; 0 when nothing is."""
        return self._since or 0.0

    def _make_room(self) -> None:
        idle = (one for one in self.connections if isinstance(one, Bounded) and one.is_idle)
        first = min(idle, key=lambda one: (one is self, one.idle_since), default=self)
        first.transport.abort()


def bounded(*, most_open: int, header_s: float, refuse: Refuse) -> type[Bounded]:
    """Make the kind of connection a server gives its callers.

    Parameters
    ----------
    most_open : int
        Open at once; beyond, those that are idle longest are closed.
    header_s : float
        Seconds for the header fields of a request to arrive.
    refuse : callable
        Sends away by bytes, or lets on.

    Returns
    -------
    type
        For the server's ``http``.
    """
    told = {"most_open": most_open, "header_s": header_s, "refuse": staticmethod(refuse)}
    return type("OurConnection", (Bounded,), told)


def _look(state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
    now, closed = loop.time(), 0
    for one in list(state.connections):
        if isinstance(one, Bounded) and one.is_stuck(now):
            one.transport.abort()
            closed += 1
    if closed:
        log.info("slow connections closed", extra={"connections": closed})
    if state.connections:
        loop.call_later(_LOOK_S, _look, state, loop)
    else:
        _looked_after.discard(state)
