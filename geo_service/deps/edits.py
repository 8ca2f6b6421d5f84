"""What a request to write one feature says: its media type, its body, the state it is meant for."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from geo_service.core.crs import CRS84, parse_crs
from geo_service.core.errors import BadRequest, NotStated, UnknownMediaType
from geo_service.core.json_text import read_object
from geo_service.core.text import Text

FEATURE_TYPES: Final = ("application/geo+json", "application/json")
PATCH_TYPES: Final = ("application/merge-patch+json",)
#: Matches whatever is there (RFC 9110, 13.1.1).
ANY: Final = "*"

_TAG: Final = re.compile(r'\s*(?:(\*)|(W/)?"([\x21\x23-\x7e\x80-\xff]*)")\s*')
_MOST_TAGS: Final = 20


@dataclass(frozen=True, slots=True)
class Document:
    """The object in JSON that a request brought, and the system of its coordinates (a URI)."""

    said: dict[str, Any]
    crs: str


def document_of(types: Sequence[str]) -> Callable[[Request], Coroutine[Any, Any, Document]]:
    """Make a dependency that reads the body of a request that writes.

    Parameters
    ----------
    types : sequence of str
        Media types that are taken.

    Returns
    -------
    callable
        For ``Depends``; 415 for other types, 400 or 413 for what is no such document.
    """

    async def read(request: Request) -> Document:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        coding = request.headers.get("content-encoding", "identity").strip().lower()
        if kind not in types or coding != "identity":
            raise UnknownMediaType(
                Text(
                    th=f"ส่งเนื้อหาเป็น {' หรือ '.join(types)} โดยไม่บีบอัด",
                    en=f"Send {' or '.join(types)}, not compressed",
                ),
                known=list(types),
            )
        said = request.headers.get("content-crs", "").strip()
        crs = parse_crs(said.removeprefix("<").removesuffix(">"), parameter="Content-Crs") \
            if said else CRS84  # fmt: skip
        return Document(read_object(await request.body(), _NO_FEATURE), crs.uri)

    return read


def if_match(request: Request) -> tuple[str, ...]:
    """Read for which state of a feature a change is meant.

    Parameters
    ----------
    request : Request
        With ``If-Match``.

    Returns
    -------
    tuple of str
        What strong tags say of the feature itself, or `ANY`: of the tags of an answer the part
        before the hyphen, so that it does not matter in which form a feature was read.

    Raises
    ------
    NotStated
        If there is none: nobody overwrites what he has not seen.
    BadRequest
        If it cannot be read.
    """
    said = ",".join(request.headers.getlist("if-match"))
    if not said.strip():
        raise NotStated(_NO_TAG)
    found = [_TAG.fullmatch(one) for one in said.split(",")]
    if len(found) > _MOST_TAGS or None in found:
        raise BadRequest(Text(th="อ่าน If-Match ไม่ได้", en="If-Match is no list of tags in quotes"))
    return tuple(
        one[1] or one[3].partition("-")[0] for one in found if one is not None and not one[2]
    )


async def _tags(request: Request) -> tuple[str, ...]:
    return if_match(request)


FeatureDep = Annotated[Document, Depends(document_of(FEATURE_TYPES))]
PatchDep = Annotated[Document, Depends(document_of(PATCH_TYPES))]
TagsDep = Annotated[tuple[str, ...], Depends(_tags)]

_NO_FEATURE: Final = Text(
    th="เนื้อหาต้องเป็นออบเจกต์ JSON หนึ่งออบเจกต์ (GeoJSON Feature)",
    en="The body is one object in JSON: a GeoJSON Feature, or a patch of one",
)
_NO_TAG: Final = Text(
    th="ต้องส่ง If-Match ด้วย ETag ของรายการที่อ่านมา เพื่อไม่ให้ทับการแก้ไขของผู้อื่น",
    en="Send If-Match with the ETag of the feature as it was read, lest another's change be lost",
)
