"""What an embed token opens: one map, dashboard, panel or collection, and which of its filters.

A grant is asked for every request that brings the token, of the page and of everything the page
loads. It only takes away: what it opens is shown as everybody sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from geo_service.core.errors import BadParameter
from geo_service.core.text import Lang, Text

Kind: TypeAlias = Literal["map", "dashboard", "panel", "collection"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

MAP_FILTERS: Final = frozenset({
    "level", "period", "area", "scheme", "classes", "region_scheme", "resolution", "points",
    "compare",
})  # fmt: skip
DASHBOARD_FILTERS: Final = frozenset({"place", "period", "compare", "against", "peers"})
#: They say how an answer is written, not what is in it.
_FORM: Final = frozenset({"lang", "f", "v"})
#: How a collection is read page by page.
_PAGING: Final = frozenset({"limit", "offset", "cursor", "skipGeometry"})
#: They concern the page, or hexagons, and not the numbers of the map.
_LOOK: Final = frozenset({"points", "resolution"})
_HEXAGON: Final = frozenset({"period", "resolution", "bbox", "f", "lang", "v"})
_DRAWN: Final = ("country", "region", "province", "district", "subdistrict", "org")

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_FILTER: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TILE: Final = re.compile(r"/tiles/([a-z0-9-]+)/[0-9]+/[0-9]+/[0-9]+\.mvt")
_OWN_TILE: Final = re.compile(r"/[0-9]+/[0-9]+/[0-9]+\.mvt")
_ITEM: Final = re.compile(r"/collections/([a-z0-9-]+)/items/[^/]+")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_MOST: Final = 12
_LONGEST: Final = 200

Query: TypeAlias = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Resource:
    """The one thing a token opens; ``panel`` counts from 1."""

    kind: Kind
    id: str
    panel: int | None = None

    @property
    def told(self) -> str:
        """Name it for the audit log.

        Returns
        -------
        str
            ``map:waste_gen_rate``, ``panel:overview:3``.
        """
        return f"{self.kind}:{self.id}" + (f":{self.panel}" if self.panel else "")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens, for pages of which origins.

    ``locked`` filters have their value and no other; ``editable`` ones may be set by the reader;
    all others keep what the page takes by itself.
    """

    resource: Resource
    origins: tuple[str, ...]
    locked: Mapping[str, str] = field(default_factory=dict)
    editable: frozenset[str] = frozenset()
    lang: Lang | None = None

    def permits(self, path: str, query: Query) -> bool:
        """Tell whether a request stays within the grant.

        Parameters
        ----------
        path : str
            Of the address.
        query : sequence of (str, str)
            Its parameters, as they came.

        Returns
        -------
        bool
            Whatever is not named here is not opened.
        """
        asked = dict(query)
        if len(asked) != len(query):
            return False
        kind, name = self.resource.kind, self.resource.id
        if kind == "map":
            return self._is_map(path, asked, name)
        if kind == "collection":
            return self._is_collection(path, asked, name)
        panel = self.resource.panel
        asked_panel = asked.pop("panel", None)
        is_ours = path == f"/embed/dashboards/{name}"
        return is_ours and asked_panel == (str(panel) if panel else None) and self.fits(asked)

    def fits(self, asked: Mapping[str, str], *, without: frozenset[str] = frozenset()) -> bool:
        """Tell whether filters are those that are locked, or may be set.

        Parameters
        ----------
        asked : mapping of str to str
            Filters by name.
        without : frozenset of str
            Locked filters that this address does not have.

        Returns
        -------
        bool
            False when a locked one is missing: it would not be applied.
        """
        needed = {name: value for name, value in self.locked.items() if name not in without}
        if any(asked.get(name) != value for name, value in needed.items()):
            return False
        return all(name in needed or name in self.editable | _FORM for name in asked)

    def _is_map(self, path: str, asked: Mapping[str, str], name: str) -> bool:
        level = self.locked.get("level")
        if path == f"/embed/maps/{name}":
            return self.fits(asked)
        if path in {f"/maps/{name}.json", f"/maps/{name}.csv", f"/maps/{name}/legend.json"}:
            # Hexagons lie above a map of places, which has a level of its own.
            other = _LOOK | ({"level"} if level == "hexbin" else set())
            return self.fits(asked, without=other)
        if path == f"/hexbins/{name}":
            return self._are_hexagons_open() and asked.keys() <= _HEXAGON
        if found := _TILE.fullmatch(path):
            is_bare = asked.get("properties") == "code" and asked.keys() <= {"properties", "v"}
            return is_bare and self._is_drawn(found[1])
        if found := _ITEM.fullmatch(path):
            # Where one place lies; of a map that stays within an area, only what is in it.
            is_free = "area" not in self.locked and asked.keys() <= _FORM
            return is_free and self._is_drawn(found[1])
        points = self.locked.get("points")
        return points is not None and path == f"/collections/{points}/items"

    def _are_hexagons_open(self) -> bool:
        is_hexbin = self.locked.get("level") == "hexbin" or "level" in self.editable
        return is_hexbin and "area" not in self.locked and {"period", "resolution"} <= self.editable

    def _is_drawn(self, collection: str) -> bool:
        level = self.locked.get("level")
        levels = _DRAWN if level is None else (level,)
        if collection in {f"{one}s" for one in levels}:
            return True
        return "org" in levels and collection.endswith("-by-org")

    def _is_collection(self, path: str, asked: Mapping[str, str], name: str) -> bool:
        base = f"/collections/{name}"
        if path in {base, f"{base}/queryables", f"{base}/schema"}:
            return asked.keys() <= _FORM
        tiles = f"/tiles/{name}"
        is_tile = path.startswith(tiles) and _OWN_TILE.fullmatch(path.removeprefix(tiles))
        if path == f"{base}/items" or is_tile:
            plain = {key: value for key, value in asked.items() if key not in _PAGING}
            return self.fits(plain)
        item = _ITEM.fullmatch(path)
        # One feature cannot be told to lie within a filter.
        return bool(item and item[1] == name and not self.locked and asked.keys() <= _FORM)


def make(
    resource: Resource,
    origins: Sequence[str],
    *,
    locked: Mapping[str, str] | None = None,
    editable: Sequence[str] = (),
    lang: Lang | None = None,
) -> Grant:
    """Make a grant of what somebody asked for.

    Parameters
    ----------
    resource : Resource
        The one thing.
    origins : sequence of str
        Of the pages that may frame it: ``https://www.example.go.th``.
    locked : mapping of str to str, optional
        Filters and the one value of each.
    editable : sequence of str
        Filters the reader may set.
    lang : {"th", "en"}, optional
        Language of the page; absent, the reader's.

    Returns
    -------
    Grant
        Checked.

    Raises
    ------
    BadParameter
        If it names what there is not, or what could not be held.
    """
    locked = dict(locked or {})
    _check_names(resource, origins, locked, editable)
    if "points" in editable:
        _refuse("editable", "points ตรึงค่าได้เท่านั้น", "points can only be locked")
    made = Grant(
        resource, tuple(dict.fromkeys(map(origin_of, origins))), locked, frozenset(editable), lang
    )
    if locked.get("level") == "hexbin" and (
        "area" in locked or not {"period", "resolution"} <= made.editable
    ):
        _refuse(
            "locked", "แผนที่หกเหลี่ยมต้องเปิด period และ resolution ให้แก้ได้ และตรึง area ไม่ได้",
            "Hexagons need period and resolution editable, and cannot be held within an area",
        )  # fmt: skip
    return made


def _check_names(
    resource: Resource, origins: Sequence[str], locked: Mapping[str, str], editable: Sequence[str]
) -> None:
    if not _ID.fullmatch(resource.id):
        _refuse("resource", "ชื่อทรัพยากรไม่ถูกต้อง", "The name of the resource is not one of ours")
    if (resource.kind == "panel") != (resource.panel is not None):
        _refuse("panel", "panel ใช้กับทรัพยากรชนิด panel เท่านั้น", "A panel, and only it, has a number")
    if not origins or len(origins) > _MOST:
        _refuse("origins", f"ต้องระบุ origins 1-{_MOST} แห่ง", f"Name 1 to {_MOST} origins")
    names = [*locked, *editable]
    if len(names) > _MOST or len(set(names)) != len(names):
        _refuse("locked", "ตัวกรองซ้ำหรือมากเกินไป", "Filters repeat, or are too many")
    known = _filters(resource.kind)
    for one in names:
        if not _FILTER.fullmatch(one) or (known is not None and one not in known):
            _refuse("locked", f"ไม่มีตัวกรอง '{one}'", f"There is no filter '{one}'", known)
    if any(not value or len(value) > _LONGEST for value in locked.values()):
        _refuse("locked", "ค่าของตัวกรองว่างหรือยาวเกินไป", "The value of a filter is empty or too long")


def origin_of(said: str) -> str:
    """Read the origin of a page.

    Parameters
    ----------
    said : str
        ``https://www.example.go.th``, with a port where it has one.

    Returns
    -------
    str
        As browsers write it.

    Raises
    ------
    BadParameter
        If it is not an origin: a path, a wildcard, another scheme.
    """
    try:
        parts = urlsplit(said.strip().lower().removesuffix("/"))
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in {"https", "http"} or not is_plain or not _HOST.fullmatch(host):
        _refuse(
            "origins", f"'{said[:80]}' ไม่ใช่ origin ให้เขียนเช่น https://www.example.go.th",
            f"'{said[:80]}' is no origin; write one like https://www.example.go.th",
        )  # fmt: skip
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")


def _filters(kind: Kind) -> frozenset[str] | None:
    if kind == "collection":
        return None
    return MAP_FILTERS if kind == "map" else DASHBOARD_FILTERS


def _refuse(name: str, th: str, en: str, known: frozenset[str] | None = None) -> None:
    extra = {} if known is None else {"known": sorted(known)}
    raise BadParameter(Text(th=th, en=en), parameter=name, **extra)
