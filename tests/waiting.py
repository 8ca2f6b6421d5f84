"""Waiting for what happens beside the test; a test that waits must not guess how long."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Never reached when all is well, however busy the machine is.
LONGEST_S = 60.0
_PAUSE_S = 0.01


def wait_until(is_so: Callable[[], object]) -> None:
    """Return as soon as something is so; fail the test when it never comes to be."""
    deadline = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {LONGEST_S:.0f} s"
        time.sleep(_PAUSE_S)
