"""Glyphs of map labels, for map libraries that do not read font files."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from geo_service.core.errors import NotFound
from geo_service.core.text import Text
from web.assets import STATIC

router = APIRouter(prefix="/fonts", tags=["tiles"])

KIND: Final = "application/x-protobuf"
FONTS: Final = tuple(sorted(folder.name for folder in (STATIC / "glyphs").iterdir()))
_RANGE: Final = re.compile(r"(\d{1,5})-(\d{1,5})")
_RANGE_SIZE: Final = 256
_HEADERS: Final = {"Cache-Control": "public, max-age=604800", "Access-Control-Allow-Origin": "*"}


@router.get("/{fontstack}/{span}.pbf")
def glyphs(fontstack: str, span: str) -> Response:
    """Give 256 glyphs of the first font of a stack that we have.

    Returns
    -------
    Response
        Signed distance fields; without glyphs for a range that no font of ours covers.

    Raises
    ------
    NotFound
        If we have none of the fonts, or it is no range.
    """
    name = next((one for one in fontstack.split(",") if one.strip() in FONTS), None)
    said = _RANGE.fullmatch(span)
    if name is None or said is None or not _is_range(int(said[1]), int(said[2])):
        fonts = ", ".join(FONTS)
        raise NotFound(Text(f"ฟอนต์ที่มีคือ {fonts}", f"The fonts are {fonts}; ranges are of 256"))
    path = STATIC / "glyphs" / name.strip() / f"{span}.pbf"
    if path.is_file():
        return FileResponse(path, media_type=KIND, headers=_HEADERS)
    # A map library that gets an error draws no label of the tile: an empty range is a good one.
    return Response(_empty(name.strip(), span), media_type=KIND, headers=_HEADERS)


def _is_range(first: int, last: int) -> bool:
    return first % _RANGE_SIZE == 0 and last - first == _RANGE_SIZE - 1


def _empty(name: str, span: str) -> bytes:
    # A message of fonts that holds one, with its name (1) and range (2); each is shorter than 128.
    parts = b"".join(
        bytes([field << 3 | 2, len(value)]) + value.encode()
        for field, value in ((1, name), (2, span))
    )
    return bytes([1 << 3 | 2, len(parts)]) + parts
