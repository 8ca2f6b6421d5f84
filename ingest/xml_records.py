"""XML: elements of one name, at any depth, to records with line numbers.

A heading is a short path from the record's element: ``@code`` is its attribute, ``data/@total``
the attribute of a child, ``data[@type='total']/@male`` of the child with that attribute,
``../@geocode`` of the parent, ``name`` the text of a child. Namespaces are left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from xml.sax import ContentHandler, SAXException
from xml.sax.xmlreader import AttributesImpl, Locator

import defusedxml.sax
from defusedxml import DefusedXmlException

from geo_service.core.errors import BadRecipe, UnreadableFile
from geo_service.core.text import Text
from ingest.recipe_parts import FilePart

_MAX_DEPTH = 64
_LONGEST_NAME = 60
_STEP = re.compile(r"(?P<tag>[^\[\]@/]+)(?:\[@(?P<name>[^=\]]+)='(?P<value>[^']*)'\])?")

#: Elements and attributes by which a document leads to another: KML, VRT, XInclude, XLink, schemas.
_LEADING: Final = frozenset(
    {"NetworkLink", "OGRVRTDataSource", "OGRVRTLayer", "SrcDataSource", "xi:include"}
)
_LINKS: Final = frozenset({"schemaLocation", "noNamespaceSchemaLocation"})
_XLINK: Final = "xlink:href"
_STYLES: Final = "xml-stylesheet"

Record = tuple[int, dict[str, str | None]]


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str]
    parent: _Node | None
    line: int
    children: list[_Node] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class _Guard(ContentHandler):
    """Refuses what leads elsewhere or nests too deep, and keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  (SAX's name)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnreadableFile(
                Text(th="XML ซ้อนลึกเกินไป", en=f"The XML nests deeper than {_MAX_DEPTH}")
            )
        if name in _LEADING or _local(name) in _LEADING:
            raise _leads_elsewhere(name)
        for one in attrs.getNames() if len(attrs) else ():
            if one == _XLINK or _local(one) in _LINKS:
                raise _leads_elsewhere(one)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802  (SAX's name)
        self._depth -= 1

    def processingInstruction(self, target: str, data: str) -> None:  # noqa: ARG002, N802  (SAX)
        if target == _STYLES:
            raise _leads_elsewhere(target)


class _Builder(_Guard):
    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[_Node] = []
        self._open: list[_Node] = []
        self._place: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802  (SAX's name)
        self._place = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  (SAX's name)
        super().startElement(name, attrs)
        parent = self._open[-1] if self._open else None
        line = (self._place.getLineNumber() if self._place else None) or 0
        node = _Node(_local(name), {_local(k): v for k, v in attrs.items()}, parent, line)
        if parent is not None:
            parent.children.append(node)
        self._open.append(node)
        self.nodes.append(node)

    def endElement(self, name: str) -> None:  # noqa: N802  (SAX's name)
        super().endElement(name)
        self._open.pop()

    def characters(self, content: str) -> None:
        self._open[-1].words.append(content)


def read(data: bytes, spec: FilePart, wanted: Collection[str] = ()) -> list[Record]:
    """Read the elements of one name as records.

    Parameters
    ----------
    data : bytes
        The whole file; document types and entities are refused.
    spec : FilePart
        ``record`` is the name of the element.
    wanted : collection of str
        Paths from that element; without any, its attributes.

    Returns
    -------
    list of (int, dict)
        Line on which each element begins, and what its paths say. Where a path meets several
        elements, their words joined by `` | ``, which no number column takes.

    Raises
    ------
    BadRecipe
        If the recipe names no record, or one the file does not have.
    UnreadableFile
        If it is no XML, has a document type, or leads elsewhere.
    """
    builder = _Builder()
    _parse(data, builder)
    nodes = [node for node in builder.nodes if node.tag == spec.record]
    if not nodes:
        tags = ", ".join(sorted({node.tag for node in builder.nodes})[:12])
        raise BadRecipe(
            Text(
                th=f"file.record '{spec.record}' ไม่มีในไฟล์ ในไฟล์มี: {tags}",
                en=f"file.record '{spec.record}' is not in the file; it has: {tags}",
            )
        )
    if not wanted:
        return [(node.line, {f"@{k}": v for k, v in node.attributes.items()}) for node in nodes]
    return [(node.line, {path: _follow(node, path) for path in wanted}) for node in nodes]


def check(data: bytes) -> None:
    """Refuse what `read` would refuse whatever the recipe, and keep nothing of it.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    UnreadableFile
        If it is no XML, has a document type, or leads elsewhere.
    """
    _parse(data, _Guard())


def _parse(data: bytes, handler: _Guard) -> None:
    try:
        defusedxml.sax.parseString(data, handler, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UnreadableFile(
            Text(th="ไม่รับ XML ที่มี DTD หรือ entity", en="XML with a document type is not accepted")
        ) from error
    except SAXException as error:
        raise UnreadableFile(
            Text(th=f"ไฟล์ไม่ใช่ XML ที่ถูกต้อง: {error}", en=f"The file is not valid XML: {error}")
        ) from error


def _leads_elsewhere(name: str) -> UnreadableFile:
    said = name[:_LONGEST_NAME]
    return UnreadableFile(
        Text(
            th=f"XML นี้อ้างถึงไฟล์หรือที่อยู่อื่น ({said}) ระบบไม่เปิดตาม โปรดเอาส่วนนั้นออก",
            en=f"The XML refers to another file or address ({said}), which is never opened; take"
            " that part out",
        )
    )


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _follow(node: _Node, path: str) -> str | None:
    found = [node]
    *steps, last = path.split("/")
    if not last.startswith("@"):
        steps, last = [*steps, last], ""
    for step in steps:
        found = [next_ for one in found for next_ in _step(one, step)]
    if last:
        words = [one.attributes[last[1:]] for one in found if last[1:] in one.attributes]
    else:
        words = ["".join(one.words).strip() for one in found]
    return " | ".join(words) if words else None


def _step(node: _Node, step: str) -> list[_Node]:
    if step == "..":
        return [node.parent] if node.parent is not None else []
    match = _STEP.fullmatch(step)
    if match is None:
        raise BadRecipe(
            Text(th=f"อ่านเส้นทาง XML '{step}' ไม่ได้", en=f"'{step}' is not a step of an XML path")
        )
    return [
        child
        for child in node.children
        if child.tag == match["tag"]
        and (match["name"] is None or child.attributes.get(match["name"]) == match["value"])
    ]
