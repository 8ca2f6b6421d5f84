"""Who asks too often waits: counters that are bounded in number."""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Final

from geo_service.core.accounts.shelf import OwnShelf, Shelf

_MOST_CALLERS: Final = 20_000
_V6_NETWORK: Final = 64


class Buckets:
    """A bucket of tokens for each caller, filled at a steady rate.

    Parameters
    ----------
    size : float
        Tokens a caller may take at once.
    per_s : float
        Tokens that come back in a second.
    shelf : Shelf, optional
        Where they are kept; in this process alone when absent.
    clock : callable
        Seconds that only rise: a clock that is set back must not lock anybody out.
    """

    def __init__(
        self,
        size: float,
        per_s: float,
        *,
        shelf: Shelf | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size, self._per_s, self._clock = size, per_s, clock
        self._shelf = shelf or OwnShelf(_MOST_CALLERS)
        self._lock = threading.Lock()

    def take(self, caller: Hashable) -> float:
        """Take a token.

        Parameters
        ----------
        caller : hashable
            Who asks.

        Returns
        -------
        float
            0 when there was one, else the seconds until there is.
        """
        with self._lock:
            left = self._now(caller)
            if left < 1.0:
                return (1.0 - left) / self._per_s
            self._shelf.put(caller, (left - 1.0, self._clock()))
            return 0.0

    def wait(self, caller: Hashable) -> float:
        """Tell how long a caller must wait, and take nothing.

        Parameters
        ----------
        caller : hashable
            Who asks.

        Returns
        -------
        float
            In seconds; 0 when a token is there.
        """
        with self._lock:
            left = self._now(caller)
        return 0.0 if left >= 1.0 else (1.0 - left) / self._per_s

    def _now(self, caller: Hashable) -> float:
        left, at = self._shelf.get(caller) or (self._size, 0.0)
        return min(self._size, left + (self._clock() - at) * self._per_s)


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """Name the machines that count as one caller.

    Parameters
    ----------
    address : str
        Of the machine that asks.

    Returns
    -------
    str
        The address itself; of IPv6 the first 64 bits, which one household has to itself.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if not isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _V6_NETWORK), strict=False).network_address)


def subject_of(kind: str, word: str) -> bytes:
    """Hash what failures are counted for: mistyped names may be passwords.

    Parameters
    ----------
    kind : str
        ``name`` or ``address``.
    word : str
        The name or address.

    Returns
    -------
    bytes
        SHA-256.
    """
    return hashlib.sha256(f"{kind}:{word}".encode("utf-8", "surrogatepass")).digest()
