"""Memory that is free goes back to the system, now and then.

Answers of all sizes are made, kept for a while and dropped. Between those that are still kept the
allocator of the C library keeps what is free: it fills more and more of the process, though no
more is in use. It gives whole pages back when it is asked to.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Final

_EVERY_S: Final = 30.0


class Trimmer:
    """Asks the allocator in a thread of its own; does nothing where that cannot be asked."""

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self._every_s, self._ended = every_s, threading.Event()
        self._thread = threading.Thread(target=self._run, name="trimmer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for a trim under way."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        trim = _found()
        while trim is not None and not self._ended.wait(self._every_s):
            # The interpreter goes on meanwhile.
            trim(0)


def _found() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return None
    return trim
