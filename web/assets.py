"""Our own copies of every script, style and font, and the rule that nothing else is linked."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"

_CDN: Final = "https://cdn.jsdelivr.net/npm"
_CLUSTER: Final = "https://cdnjs.cloudflare.com/ajax/libs/leaflet.markercluster/1.1.0"
#: What Folium links and which of our files stands for it; None is not needed by our pages.
OWN_COPY: Final[dict[str, str | None]] = {
    f"{_CDN}/leaflet@1.9.3/dist/leaflet.js": "vendor/leaflet.js",
    f"{_CDN}/leaflet@1.9.3/dist/leaflet.css": "vendor/leaflet.css",
    f"{_CDN}/leaflet.fullscreen@3.0.0/Control.FullScreen.min.js": "vendor/fullscreen.js",
    f"{_CDN}/leaflet.fullscreen@3.0.0/Control.FullScreen.css": "vendor/fullscreen.css",
    f"{_CLUSTER}/leaflet.markercluster.js": "vendor/markercluster.js",
    f"{_CLUSTER}/MarkerCluster.css": "vendor/markercluster.css",
    f"{_CLUSTER}/MarkerCluster.Default.css": None,
    "https://code.jquery.com/jquery-3.7.1.min.js": None,
    f"{_CDN}/bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js": None,
    f"{_CDN}/bootstrap@5.2.2/dist/css/bootstrap.min.css": None,
    "https://netdna.bootstrapcdn.com/bootstrap/3.0.0/css/bootstrap-glyphicons.css": None,
    f"{_CDN}/@fortawesome/fontawesome-free@6.2.0/css/all.min.css": None,
    "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.js": None,  # noqa: E501
    "https://cdnjs.cloudflare.com/ajax/libs/Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.css": None,  # noqa: E501
    f"{_CDN.removesuffix('/npm')}/gh/python-visualization/folium/folium/templates/leaflet.awesome.rotate.min.css": None,  # noqa: E501
}


class ForeignAsset(RuntimeError):
    """A page would have linked a file that is not ours; a mistake of ours, never the reader's."""


@dataclass(frozen=True, slots=True)
class Links:
    """Scripts and styles of a page, in order, as addresses of our own copies."""

    scripts: tuple[str, ...]
    styles: tuple[str, ...]


@cache
def address(name: str) -> str:
    """Give the address of one of our files; it changes when the file changes.

    Parameters
    ----------
    name : str
        Path below ``web/static``.

    Returns
    -------
    str
        ``/static/{name}?v={hash}``.

    Raises
    ------
    ForeignAsset
        If we have no such file.
    """
    path = STATIC / name
    if not path.is_file():
        raise ForeignAsset(name)
    return f"/static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


def own_links(head: str) -> Links:
    """Replace every script and style that a rendered head links by our own copy.

    Parameters
    ----------
    head : str
        HTML of the head, as Folium renders it.

    Returns
    -------
    Links
        Each address once.

    Raises
    ------
    ForeignAsset
        If it links an address that is not in our table.
    """
    reader = _HeadReader()
    reader.feed(head)
    return Links(scripts=_ours(reader.scripts), styles=_ours(reader.styles))


def refuse_foreign(html: str) -> None:
    """Check that a finished page loads nothing from another host.

    Parameters
    ----------
    html : str
        The whole page.

    Raises
    ------
    ForeignAsset
        If a script, style, image, frame or import points to another host.
    """
    sources = r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//"
    styles = r"@import|url\(\s*['\"]?(?:https?:)?//"
    links = r"<link\b(?![^>]*rel=\"(?:canonical|alternate)\")[^>]*\bhref=\"(?:https?:)?//"
    if found := re.search(f"{sources}|{styles}|{links}", html):
        raise ForeignAsset(found.group()[:200])


def _ours(addresses: list[str]) -> tuple[str, ...]:
    ours: dict[str, None] = {}
    for foreign in addresses:
        if foreign not in OWN_COPY:
            raise ForeignAsset(foreign)
        if (name := OWN_COPY[foreign]) is not None:
            ours[address(name)] = None
    return tuple(ours)


class _HeadReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and (source := values.get("src")):
            self.scripts.append(source)
        if tag == "link" and (target := values.get("href")):
            self.styles.append(target)
