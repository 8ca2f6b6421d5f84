"""Sends everybody away at once, with 503 (``/ready`` aside): ``… tests.bench.refusing PORT``.

The least that refusing costs. Beside a server it takes the questions that are too many, so that the
machine is as busy with asking as it is when the server has to refuse them itself.
"""

from __future__ import annotations

import select
import socket
import sys
from typing import Final

_BODY: Final = b'{"status": 503}'.ljust(700)
_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)
_READY: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_BYTES: Final = 65_536


def main(port: int) -> None:
    """Listen until ended.

    Parameters
    ----------
    port : int
        On this machine.
    """
    listening = socket.create_server(("127.0.0.1", port), backlog=512)
    poll, callers = select.epoll(), dict[int, socket.socket]()
    poll.register(listening, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if number == listening.fileno():
                caller, _ = listening.accept()
                callers[caller.fileno()] = caller
                poll.register(caller, select.EPOLLIN)
            elif asked := callers[number].recv(_BYTES):
                # Questions are smaller than what is read at once, and come one after another.
                callers[number].sendall(_READY if asked.startswith(b"GET /ready ") else _ANSWER)
            else:
                poll.unregister(number)
                callers.pop(number).close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
