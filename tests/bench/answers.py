"""How many features an answer holds, read without the libraries that wrote it."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator

_FEATURE = re.compile(rb'"type"\s*:\s*"Feature"')
_LAYERS, _FEATURES = 3, 2
_BYTES, _VARINT, _FIXED_64, _FIXED_32 = 2, 0, 1, 5


def count_features(body: bytes) -> int:
    """Count the features of a GeoJSON text.

    Parameters
    ----------
    body : bytes
        As sent, compressed or not.

    Returns
    -------
    int
        Also 1 for a single feature.
    """
    return len(_FEATURE.findall(plain(body)))


def count_drawn(body: bytes) -> int:
    """Count the features in all layers of a Mapbox Vector Tile (2.1, 4.1 and 4.2).

    Parameters
    ----------
    body : bytes
        As sent, compressed or not.

    Returns
    -------
    int
        0 for an empty tile.
    """
    return sum(
        sum(number == _FEATURES for number, _ in _fields(layer))
        for number, layer in _fields(plain(body))
        if number == _LAYERS
    )


def plain(body: bytes) -> bytes:
    """Undo gzip, told by its first bytes.

    Parameters
    ----------
    body : bytes
        As sent.

    Returns
    -------
    bytes
        What was compressed.
    """
    if body[:2] == b"\x1f\x8b":
        return gzip.decompress(body)
    return zlib.decompress(body) if body[:2] == b"\x78\x9c" else body


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _BYTES:
            size, at = _varint(message, at)
            yield key >> 3, message[at : at + size]
            at += size
        elif kind == _VARINT:
            _, at = _varint(message, at)
        elif kind in {_FIXED_64, _FIXED_32}:
            at += 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"not a vector tile: kind {kind} at {at}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
