"""Links between answers, and what every answer in JSON carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Request, Response

from geo_service.core.text import SAMPLE_NOTICE, Lang, Text
from geo_service.deps import base_url
from geo_service.deps.shown import Frame
from layers.inside import NOT_PUBLIC, SHOWN_TO

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html; charset=utf-8"
CSV = "text/csv; charset=utf-8"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
MVT = "application/vnd.mapbox-vector-tile"

#: Unreserved by RFC 3986, and the marks that keep an address readable.
_PLAIN = ":/,-._~"


class Links:
    """Builds the links of one answer; addresses are absolute and percent-encoded."""

    def __init__(self, request: Request, lang: Lang) -> None:
        self.base = base_url(request)
        self.lang = lang
        self._path = _quoted(request.url.path)
        self._asked = [
            (name, _pair(name, value)) for name, value in request.query_params.multi_items()
        ]

    def to(self, path: str, **query: str) -> str:
        """Write the address of a path of the service.

        Parameters
        ----------
        path : str
            Begins with a slash; may hold Thai.
        **query : str
            Parameters.

        Returns
        -------
        str
            Absolute, percent-encoded.
        """
        told = "&".join([_pair(name, value) for name, value in query.items()])
        return f"{self.base}{_quoted(path, also='{}')}{'?' if told else ''}{told}"

    def here(self, *, without: Sequence[str] = (), **changed: str) -> str:
        """Write the address that was asked, with some parameters changed.

        Parameters
        ----------
        without : sequence of str
            Parameters left out.
        **changed : str
            Parameters set.

        Returns
        -------
        str
            Absolute, percent-encoded.
        """
        told = [pair for name, pair in self._asked if name not in changed and name not in without]
        told += [_pair(name, value) for name, value in changed.items()]
        return f"{self.base}{self._path}{'?' if told else ''}{'&'.join(told)}"

    def frame(
        self,
        headers: Mapping[str, str],
        formats: Iterable[tuple[str, str]] | None = None,
        *,
        is_sample: bool,
    ) -> Frame:
        """Put together what surrounds the page of this answer.

        Parameters
        ----------
        headers : mapping of str to str
            From `revalidate`.
        formats : iterable of (str, str), optional
            Words and addresses of the same data; JSON and CSV of this address when absent.
        is_sample : bool
            Whether to say that the data is made up.

        Returns
        -------
        Frame
            For the page.
        """
        other = self.here(lang="en" if self.lang == "th" else "th")
        if formats is None:
            formats = (("JSON", self.here(f="json")), ("CSV", self.here(f="csv")))
        here = self.here(lang=self.lang)
        return Frame(self.lang, here, other, tuple(formats), is_sample, headers)

    def link(self, rel: str, path: str, kind: str, title: Text | None = None) -> dict[str, str]:
        """Describe a link to a path of the service.

        Parameters
        ----------
        rel : str
            Relation.
        path : str
            Begins with a slash.
        kind : str
            Media type.
        title : Text, optional
            Words for people.

        Returns
        -------
        dict of str to str
            As OGC API - Common has it.
        """
        return self.made(rel, self.to(path), kind, title)

    def made(self, rel: str, href: str, kind: str, title: Text | None = None) -> dict[str, str]:
        """Describe a link to a ready address.

        Parameters
        ----------
        rel : str
            Relation.
        href : str
            Absolute address.
        kind : str
            Media type.
        title : Text, optional
            Words for people.

        Returns
        -------
        dict of str to str
            As OGC API - Common has it.
        """
        link = {"href": href, "rel": rel, "type": kind.partition(";")[0] if "csv" in kind else kind}
        if kind == HTML:
            link["type"] = "text/html"
        if title is not None:
            link["title"] = title.in_(self.lang)
            link["hreflang"] = self.lang
        return link


@lru_cache(maxsize=1024)
def _quoted(path: str, *, also: str = "") -> str:
    return quote(path, safe=_PLAIN + also)


def _pair(name: str, value: str) -> str:
    return f"{quote(name, safe=_PLAIN)}={quote(value, safe=_PLAIN)}"


def notice(*, is_sample: bool) -> dict[str, Any]:
    """Say in an answer that its numbers are made up, or not for everybody, when they are.

    Parameters
    ----------
    is_sample : bool
        Whether sample data is loaded.

    Returns
    -------
    dict
        Empty for real data that the public sees, too.
    """
    told: dict[str, Any] = {}
    if is_sample:
        told |= {"isSample": True, "notice": f"{SAMPLE_NOTICE.th} / {SAMPLE_NOTICE.en}"}
    if SHOWN_TO.get() is not None:
        told |= {"isRestricted": True, "restriction": f"{NOT_PUBLIC.th} / {NOT_PUBLIC.en}"}
    return told


def json_answer(
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    links: Sequence[Mapping[str, str]] = (),
    media_type: str = JSON,
) -> Response:
    """Write an answer in JSON; its links go into the ``Link`` header, too.

    Parameters
    ----------
    body : mapping
        What to write.
    headers : mapping of str to str
        From `revalidate`.
    links : sequence of mapping
        For the header, the short ones that programs follow.
    media_type : str
        Type of the answer.

    Returns
    -------
    Response
        UTF-8.
    """
    made = Response(orjson.dumps(body), headers=dict(headers), media_type=media_type)
    if links:
        made.headers["Link"] = link_header(links)
    return made


def link_header(links: Sequence[Mapping[str, str]]) -> str:
    """Write links as one header (RFC 8288).

    Parameters
    ----------
    links : sequence of mapping
        With href, rel and type.

    Returns
    -------
    str
        ASCII: titles stay in the body.
    """
    return ", ".join(
        f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"' for link in links
    )
