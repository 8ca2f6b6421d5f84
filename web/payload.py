"""The data block of a map page: what the scripts need, and nothing they must not show."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from geo_service.core.periods import Period
from geo_service.core.text import Lang
from layers.thematic import MapPlace, ThematicMap
from layers.words import STATUS_NAMES
from web.figures import names, total_digits
from web.legend import class_of, fill_of
from web.words import BASES, flag, licence, short_year, words

#: Columns of a row, in order; ``static/js/map.js`` reads them by these names.
FIELDS: Final = (
    "code", "name", "other", "within", "value", "numerator", "denominator", "status", "class",
    "rank", "rank_of", "previous", "reporting", "expected", "basis", "flags",
)  # fmt: skip
#: And those of a map of a coming year.
SPAN_FIELDS: Final = ("low80", "high80", "low95", "high95")
SAID_TO_SCRIPTS: Final = (
    "no_match", "matches", "copied", "copy_failed", "play", "pause", "rank_of", "change",
    "rank", "one_of", "reported", "whole_place", "highest", "lowest",
    "no_change", "numerator", "denominator", "reporting_short", "basis", "flags", "loading",
    "load_failed", "trend", "where_from", "close", "period", "source", "open_panel",
    "close_panel", "map_of", "place", "value", "sample", "licence", "illustrative", "code",
    "series_break", "interval80", "interval95", "ahead_chart", "ahead_open", "ahead_mark",
)  # fmt: skip


def page_data(thematic: ThematicMap, lang: Lang, **about: object) -> dict[str, Any]:
    """Write a thematic map as the page's scripts read it.

    Parameters
    ----------
    thematic : ThematicMap
        What the page shows.
    lang : {"th", "en"}
        Language of the reader.
    **about : object
        More facts for the scripts (addresses, way of drawing), JSON-ready.

    Returns
    -------
    dict
        JSON-ready; names as they are, unescaped: the scripts put them in as text.
    """
    said = words_of(thematic, lang)
    indicator = thematic.indicator
    steps = steps_of(thematic)
    return {
        "lang": lang,
        "indicator": {
            "key": indicator.key,
            "name": indicator.name.in_(lang),
            "unit": indicator.unit.in_(lang),
            "decimals": indicator.decimals,
            "total_decimals": total_digits(thematic).decimals,
            "names": names(indicator, lang),
            "additive": indicator.space_agg in {"SUM", "COUNT"},
        },
        "level": thematic.level,
        "period": thematic.period.key,
        "periods": [
            {"key": p.key, "label": p.label.in_(lang), "year": short_year(p, lang)} for p in steps
        ],
        "breaks": [
            position
            for position, period in enumerate(steps)
            if position
            and any(steps[position - 1].end < day <= period.end for day in thematic.breaks)
        ],
        "title": thematic.title.in_(lang),
        "source": "; ".join(
            ", ".join(
                part
                for part in (s.title.in_(lang), s.publisher.in_(lang), licence(s.licence, lang))
                if part
            )
            for s in thematic.sources
        ),
        "source_short": _first_source(thematic, lang),
        "source_url": _source_address(thematic, lang),
        "sample": thematic.is_sample,
        "whole": thematic.area_name.in_(lang) if thematic.area_name else said["national"],
        "bbox": thematic.bbox,
        "version": thematic.version,
        "classes": [
            {
                "kind": entry.kind,
                "lower": entry.lower,
                "upper": entry.upper,
                "fill": fill_of(entry),
                "label": entry.label.in_(lang) or STATUS_NAMES[entry.kind].in_(lang),
                "count": entry.count,
            }
            for entry in thematic.classes
        ],
        "fields": FIELDS if thematic.outlook is None else FIELDS + SPAN_FIELDS,
        "forecast": thematic.outlook is not None,
        "rows": [_row(place, thematic, lang) for place in thematic.places],
        "statuses": {key: text.in_(lang) for key, text in STATUS_NAMES.items()},
        "flags": {
            one: flag(one, lang)
            for one in sorted({one for place in thematic.places for one in place.flags})
        },
        "bases": {key: text.in_(lang) for key, text in BASES.items()},
        "words": {key: said[key] for key in SAID_TO_SCRIPTS},
        **about,
    }


def steps_of(thematic: ThematicMap) -> tuple[Period, ...]:
    """List the periods a reader may step through with the classes of a map.

    Parameters
    ----------
    thematic : ThematicMap
        Of what was measured, or of a coming year.

    Returns
    -------
    tuple of Period
        All measured, or all forecast: the two are never mixed on one page.
    """
    return thematic.coming if thematic.outlook else thematic.periods


def words_of(thematic: ThematicMap, lang: Lang) -> dict[str, str]:
    """Give the words of a page, of which a map of a coming year needs some others.

    Parameters
    ----------
    thematic : ThematicMap
        What the page shows.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    dict of str to str
        By their names.
    """
    said = dict(words(lang))
    if thematic.outlook is not None:
        last = thematic.outlook.last.label.in_(lang)
        said["change"] = said["change_ahead"].replace("{last}", last)
        said["reporting"] = said["ahead_reporting"]
        said["reporting_short"] = said["ahead_short"]
        said["table_hint"] = said["ahead_table"]
    return said


def _first_source(thematic: ThematicMap, lang: Lang) -> str:
    # a popup has room for one; the panel and the picture name them all
    names = [source.title.in_(lang) for source in thematic.sources]
    return f"{names[0]} (+{len(names) - 1})" if len(names) > 1 else "".join(names)


def _source_address(thematic: ThematicMap, lang: Lang) -> str | None:
    if not thematic.sources:
        return None
    return f"/datasets/{quote(thematic.sources[0].dataset_id, safe='')}?lang={lang}&f=html"


def _row(place: MapPlace, thematic: ThematicMap, lang: Lang) -> list[Any]:
    other: Lang = "en" if lang == "th" else "th"
    return [
        place.code,
        place.name.in_(lang),
        place.name.in_(other),
        place.within.in_(lang),
        place.value,
        place.numerator,
        place.denominator,
        place.status,
        class_of(place, thematic.classes),
        place.rank,
        place.rank_of,
        place.previous,
        place.reporting,
        place.expected,
        place.basis,
        list(place.flags),
        *_span(place, thematic),
    ]


def _span(place: MapPlace, thematic: ThematicMap) -> list[float | None]:
    if thematic.outlook is None:
        return []
    span = place.span
    return [None] * 4 if span is None else [span.low80, span.high80, span.low95, span.high95]
