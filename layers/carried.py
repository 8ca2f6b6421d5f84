"""A kept tile with other properties: its shapes as they are, what they carry written anew.

Cutting shapes for a tile is nearly all the work of making one, and they are the same whatever they
carry. So a tile with properties of the caller's choice takes its shapes from the kept tile and
its properties from the features that lie beside the process; the database is not asked. What comes
out is what the database would draw, value for value and byte for byte (Mapbox Vector Tile 2.1, as
``ST_AsMVT`` writes it).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from layers.collection import Collection
from layers.filters import Kind
from layers.packs import FeaturePack

#: Kinds of properties that are the same in a tile and in JSON.
_KINDS = frozenset({"string", "integer", "number", "boolean", "date"})
#: Fields of a tile, of a layer, of a feature and of a value: number and type (4.1 of the
#: specification); none has a number above 15.
_LAYER, _NAME, _FEATURE, _KEY, _VALUE, _TAGS, _STRING = 0x1A, 0x0A, 0x12, 0x1A, 0x22, 0x12, 0x0A
_BY_LENGTH, _TYPE_BITS = 2, 7
_MORE, _BITS = 0x80, 0x7F
_SMALL = [bytes([number]) for number in range(_MORE)]
_DOUBLE = struct.Struct("<d").pack


def kinds_of(known: Collection, names: Sequence[str]) -> list[tuple[str, Kind]] | None:
    """Tell what properties are, when they can be written here.

    Parameters
    ----------
    known : Collection
        From the register.
    names : sequence of str
        Its properties.

    Returns
    -------
    list of (str, Kind), or None
        Name and kind of each; ``None`` when the database writes one in a way of its own.
    """
    kinds = {one.name: one.kind for one in known.properties}
    found = [(name, kinds[name]) for name in names]
    return found if all(kind in _KINDS for _, kind in found) else None


def carrying(tile: bytes, pack: FeaturePack, kinds: Sequence[tuple[str, Kind]]) -> bytes:
    """Let the features of a tile carry other properties.

    Parameters
    ----------
    tile : bytes
        Not compressed; its features carry ``code``.
    pack : FeaturePack
        Of the same collection and state.
    kinds : sequence of (str, Kind)
        Name and kind of each property, in the order they are written.

    Returns
    -------
    bytes
        A tile with the same shapes.

    Raises
    ------
    NotThere
        If a feature of the tile is not in the pack.
    """
    return b"".join([_told(_LAYER, _layer(one, pack, kinds)) for _, _, one in _fields(tile)])


def _layer(layer: bytes, pack: FeaturePack, kinds: Sequence[tuple[str, Kind]]) -> bytes:
    met: dict[int, list[bytes]] = {_FEATURE: [], _KEY: [], _VALUE: []}
    name = rest = b""
    for field, whole, content in _fields(layer):
        if field in met:
            met[field].append(content)
        elif field == _NAME:
            name = whole
        else:
            rest += whole
    code, said = met[_KEY].index(b"code"), met[_VALUE]
    values: dict[bytes, int] = {}
    features = []
    for feature in met[_FEATURE]:
        before, tags, after = _apart(feature)
        text = said[_under(code, tags)]
        carried = orjson.loads(pack.properties(text[_number(text, 1)[1] :].decode()))
        told = _tags(carried, kinds, values)
        features.append(_told(_FEATURE, before + told + after))
    keys = [_told(_KEY, key.encode()) for key, _ in kinds]
    return b"".join((name, *features, *keys, *[_told(_VALUE, one) for one in values], rest))


def _apart(feature: bytes) -> tuple[bytes, bytes, bytes]:
    # What comes before its tags, the tags, what comes after.
    before = b""
    for field, whole, content in _fields(feature):
        if field == _TAGS:
            return before, content, feature[len(before) + len(whole) :]
        before += whole
    return before, b"", b""


def _under(key: int, tags: bytes) -> int:
    # Keys and values in turn, by their numbers in the layer.
    at = 0
    while True:
        found, at = _number(tags, at)
        value, at = _number(tags, at)
        if found == key:
            return value


def _tags(
    carried: Mapping[str, Any], kinds: Sequence[tuple[str, Kind]], values: dict[bytes, int]
) -> bytes:
    # Each value of a layer is written once, in the order they are met.
    tags = b""
    for at, (name, kind) in enumerate(kinds):
        value = carried[name]
        if value is not None:
            tags += _varint(at) + _varint(values.setdefault(_value(value, kind), len(values)))
    return _told(_TAGS, tags) if tags else b""


def _value(value: str | float, kind: str) -> bytes:
    if isinstance(value, str):
        return _told(_STRING, value.encode())
    if isinstance(value, bool):
        return b"\x38\x01" if value else b"\x38\x00"
    if kind == "number":
        return b"\x19" + _DOUBLE(value)
    whole = int(value)
    return b"\x28" + _varint(whole) if whole >= 0 else b"\x30" + _varint(-2 * whole - 1)


def _told(field: int, content: bytes) -> bytes:
    return _SMALL[field] + _varint(len(content)) + content


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    # Each field: what it is, all of it, and its content.
    at, end = 0, len(message)
    while at < end:
        field = message[at]
        number, inside = _number(message, at + 1)
        after = inside + number if field & _TYPE_BITS == _BY_LENGTH else inside
        yield field, message[at:after], message[inside:after]
        at = after


def _number(message: bytes, at: int) -> tuple[int, int]:
    # Seven bits a byte, the low ones first; and where it ends.
    number, at = message[at], at + 1
    if number < _MORE:
        return number, at
    number, shift = number & _BITS, 7
    while True:
        byte, at = message[at], at + 1
        number |= (byte & _BITS) << shift
        if byte < _MORE:
            return number, at
        shift += 7


def _varint(number: int) -> bytes:
    if number < _MORE:
        return _SMALL[number]
    made = bytearray()
    while number >= _MORE:
        made.append(number & _BITS | _MORE)
        number >>= 7
    made.append(number)
    return bytes(made)
