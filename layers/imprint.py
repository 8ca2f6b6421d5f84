"""What every file says about itself: from whom, under which licence, which data, of when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy.orm import Session

from geo_service.core.text import SAMPLE_NOTICE, Lang, Text
from layers import datasets
from layers.collection import Collection
from layers.datasets import DatasetInfo
from layers.inside import NOT_PUBLIC, sees_more
from layers.questions import State

_NOT_STATED = frozenset({"", "not stated"})


@dataclass(frozen=True, slots=True)
class Imprint:
    """The layer, its sources, and the state of the data it was written from."""

    collection: Collection
    sources: tuple[DatasetInfo, ...]
    state: State
    is_restricted: bool = False

    @property
    def changed(self) -> date | None:
        """The day of the last load of any source."""
        days = [one.loaded_at.date() for one in self.sources if one.loaded_at is not None]
        return max(days, default=None)

    @property
    def licence(self) -> str:
        """The licences of the sources, each once; empty when none names one."""
        named = (one.licence for one in self.sources)
        return "; ".join(dict.fromkeys(one for one in named if one.lower() not in _NOT_STATED))

    def attribution(self, lang: Lang) -> str:
        """Name those to be named.

        Parameters
        ----------
        lang : {"th", "en"}
            Language of the reader.

        Returns
        -------
        str
            Each once; the publisher of a source that asks for no words of its own.
        """
        named = (one.attribution.in_(lang) or one.publisher.in_(lang) for one in self.sources)
        return "; ".join(dict.fromkeys(one for one in named if one))

    def facts(self) -> dict[str, Any]:
        """Tell everything as members of a JSON document.

        Returns
        -------
        dict
            In both languages; ``isSample`` and ``notice`` only for sample data, ``isRestricted``
            and ``restriction`` only for values that are not public.
        """
        known, changed = self.collection, self.changed
        told: dict[str, Any] = {
            "name": known.id,
            "title": known.title.th,
            "title_en": known.title.en,
            "description": known.description.th,
            "description_en": known.description.en,
            "license": self.licence,
            "attribution": self.attribution("th"),
            "attribution_en": self.attribution("en"),
            "sources": [_source(one) for one in self.sources],
            "dataVersion": self.state.token,
            "dataDate": None if changed is None else changed.isoformat(),
        }
        if self.state.is_sample:
            told |= {"isSample": True, "notice": f"{SAMPLE_NOTICE.th} / {SAMPLE_NOTICE.en}"}
        if self.is_restricted:
            told |= {"isRestricted": True, "restriction": f"{NOT_PUBLIC.th} / {NOT_PUBLIC.en}"}
        return told

    def texts(self) -> dict[str, str]:
        """Tell everything as names and texts, for formats that know nothing else.

        Returns
        -------
        dict of str to str
            `facts`, whatever is no text written as JSON, without what is missing.
        """
        return {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in self.facts().items()
            if value is not None and value != ""
        }

    def summary(self) -> Text:
        """Tell in a few sentences what it is and whose.

        Returns
        -------
        Text
            Who may see it, if not all; description, notice, attribution and licence.
        """
        known = self.collection
        notice = Text(*((SAMPLE_NOTICE.th, SAMPLE_NOTICE.en) if self.state.is_sample else ("", "")))
        limits = NOT_PUBLIC if self.is_restricted else Text("", "")
        th = (limits.th, known.description.th, notice.th, self.attribution("th"), self.licence)
        en = (limits.en, known.description.en, notice.en, self.attribution("en"), self.licence)
        return Text(" · ".join(filter(None, th)), " · ".join(filter(None, en)))


def read(session: Session, collection: Collection, state: State) -> Imprint:
    """Read what a file of a collection says about itself.

    Parameters
    ----------
    session : Session
        Only read.
    collection : Collection
        From the register.
    state : State
        State of the data behind it.

    Returns
    -------
    Imprint
        Complete.
    """
    # Places and facilities are the same for everybody.
    is_restricted = sees_more(session) and collection.family in {"value", "history"}
    sources = tuple(datasets.behind(session, collection))
    return Imprint(collection, sources, state, is_restricted=is_restricted)


def _source(one: DatasetInfo) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title.th,
        "title_en": one.title.en,
        "publisher": one.publisher.th,
        "publisher_en": one.publisher.en,
        "license": one.licence,
        "attribution": one.attribution.th,
        "url": one.url,
        "version": one.version,
        "loadedAt": None if one.loaded_at is None else one.loaded_at.isoformat(),
    }
