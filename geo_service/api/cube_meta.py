"""What may be asked of the cube, told from the catalogue and the data alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boundaries.words import KIND_NAMES
from geo_service.core.text import Lang, Text
from geo_service.deps import SessionDep
from layers import periods
from layers.cube import MOST_CELLS
from layers.cube.filter import CONDITION_FORMS, OVER_PERIODS
from layers.cube.parts import OWN_NAMES
from layers.cube.places import SIZE_NAMES, TIER_NAMES
from layers.cube.query import (
    DIMENSION_NAMES,
    FORMS,
    MOST_DIMENSIONS,
    MOST_MEASURES,
    PEER_TRAITS,
    PLACE_DIMENSIONS,
    TIME_DIMENSIONS,
    Names,
)
from layers.cube.slices import members_of
from layers.models import PLACE_LEVELS
from layers.words import STATUS_NAMES

_TRAITS = {"tier": TIER_NAMES, "kind": KIND_NAMES, "size": SIZE_NAMES}


def meta_of(session: SessionDep, names: Names, lang: Lang) -> dict[str, Any]:
    """Describe the cube.

    Parameters
    ----------
    session : Session
        Open.
    names : Names
        What there is.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    dict
        Ready to be written.
    """
    return {
        "measures": list(_measures(session, names, lang)),
        "forms": [
            {"name": form.name, "title": form.title.in_(lang), "onlyAmounts": form.needs_sum}
            for form in FORMS.values()
        ],
        "dimensions": list(_dimensions(session, names, lang)),
        "schemes": {"known": list(names.schemes), "default": names.default_scheme},
        "peers": list(PEER_TRAITS),
        "filter": {
            "language": ["cql2-text", "cql2-json"],
            "properties": [*PLACE_DIMENSIONS, *OWN_NAMES, *TIME_DIMENSIONS, *names.slices],
            "forms": list(CONDITION_FORMS),
            "overPeriods": list(OVER_PERIODS),
        },
        "limits": {
            "cells": MOST_CELLS, "measures": MOST_MEASURES, "dimensions": MOST_DIMENSIONS,
        },
    }  # fmt: skip


def _measures(session: SessionDep, names: Names, lang: Lang) -> Iterator[dict[str, Any]]:
    known, withheld = periods.known(session), periods.withheld(session)
    for one in names.indicators.values():
        levels = [level for level in PLACE_LEVELS if (one.key, level) in known]
        hidden = {
            level: [period.key for period in withheld[one.key, level]]
            for level in PLACE_LEVELS
            if (one.key, level) in withheld
        }
        if not levels and not hidden:
            continue
        told = {level: [period.key for period in known[one.key, level]] for level in levels}
        yield {
            "key": one.key,
            "theme": one.theme,
            "title": one.name.in_(lang),
            "unit": one.unit.in_(lang),
            "decimals": one.decimals,
            "spaceAggregation": one.space_agg,
            "timeAggregation": one.time_agg,
            "isComponent": one.is_component,
            "levels": levels,
            "periods": told,
            "withheld": {
                "status": "suppressed",
                "title": STATUS_NAMES["suppressed"].in_(lang),
                "periods": hidden,
            },
            "breakdowns": sorted(members_of(session, one.key)),
        }


def _dimensions(session: SessionDep, names: Names, lang: Lang) -> Iterator[dict[str, Any]]:
    for name in (*PLACE_DIMENSIONS, *TIME_DIMENSIONS, *names.slices):
        kind = "place" if name in PLACE_DIMENSIONS else "time"
        if name in names.slices:
            kind = "breakdown"
        told: dict[str, Any] = {
            "name": name, "kind": kind,
            "title": DIMENSION_NAMES.get(name, Text(name, name)).in_(lang),
        }  # fmt: skip
        members = _TRAITS.get(name)
        if kind == "breakdown":
            members = members_of(session)[name]
        if members is not None:
            told["members"] = {key: text.in_(lang) for key, text in members.items()}
        yield told
