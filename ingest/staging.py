"""From drafts to stored observations: copied to a staging table, compared, upserted."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from geo_service.core.db import SCHEMA, fixed_sql
from geo_service.core.models import DatasetVersion
from geo_service.core.periods import Period
from ingest.drafts import Draft
from ingest.load import Loading
from layers.models import PeriodRow

_COLUMNS = (
    "indicator_key, area_id, org_id, period_key, breakdown, value, numerator, denominator,"
    " status, flags, source_row"
)
_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def store(loading: Loading, drafts: Sequence[Draft]) -> None:
    """Write the observations that are new or differ; leave the others untouched.

    Parameters
    ----------
    loading : Loading
        Under way; its counts grow, changed rows are remembered.
    drafts : sequence of Draft
        One for each key.
    """
    loading.progress("compare", 0, None)
    store_periods(loading, {one.period.key: one.period for one in drafts}.values())
    if _is_first(loading):
        # Nothing to compare with: straight into the table, neighbours in it side by side.
        ordered = sorted(drafts, key=lambda one: (one.indicator, one.period.key, one.row))
        ending = f"\t{_escaped(loading.dataset.id)}\t{loading.version_id}\n"
        columns = f"{_COLUMNS}, dataset_id, version_id"
        _copy(loading, f"{SCHEMA}.observation ({columns})", ordered, ending=ending)
        loading.count(inserted=len(drafts))
    else:
        _store_changed(loading, drafts)


def _is_first(loading: Loading) -> bool:
    earlier = select(DatasetVersion.id).where(
        DatasetVersion.dataset_id == loading.dataset.id, DatasetVersion.id != loading.version_id
    )
    return loading.session.scalar(earlier.limit(1)) is None


def _store_changed(loading: Loading, drafts: Sequence[Draft]) -> None:
    session = loading.session
    session.execute(fixed_sql("ingest", "stage_table"))
    _copy(loading, f"stage_observation ({_COLUMNS})", drafts)
    session.execute(text("ANALYZE stage_observation"))
    session.execute(fixed_sql("ingest", "stage_compare"), {"dataset": loading.dataset.id})
    changed = session.scalars(
        text("SELECT existing FROM stage_observation WHERE existing IS NOT NULL AND NOT same")
    ).all()
    values = {"dataset": loading.dataset.id, "version": loading.version_id}
    if changed:
        loading.remember("observation", changed)
        session.execute(fixed_sql("ingest", "stage_update"), values)
    session.execute(fixed_sql("ingest", "stage_insert"), values)
    new = session.scalar(text("SELECT count(*) FROM stage_observation WHERE existing IS NULL")) or 0
    session.execute(text("DROP TABLE stage_observation"))
    unchanged = len(drafts) - new - len(changed)
    loading.count(inserted=new, updated=len(changed), unchanged=unchanged)


def store_periods(loading: Loading, periods: Iterable[Period]) -> None:
    """Make sure the periods exist; they belong to no data set and stay.

    Parameters
    ----------
    loading : Loading
        Under way.
    periods : iterable of Period
        Those the file speaks of.
    """
    rows = [
        {
            "key": one.key, "calendar": one.calendar, "granularity": one.granularity,
            "start": one.start, "end": one.end,
            "label_th": one.label.th, "label_en": one.label.en,
        }
        for one in periods
    ]  # fmt: skip
    if rows:
        loading.session.execute(insert(PeriodRow).on_conflict_do_nothing(), rows)


def _copy(loading: Loading, target: str, drafts: Sequence[Draft], *, ending: str = "\n") -> None:
    # COPY is some twenty times faster than bound inserts, and nothing in it is ever parsed as SQL.
    lines = io.StringIO("".join([_line(one) + ending for one in drafts]))
    connection = loading.session.connection().connection
    with closing(cast("Any", connection.cursor())) as cursor:
        cursor.copy_expert(f"COPY {target} FROM STDIN", lines)


def _line(one: Draft) -> str:
    place = f"{_NULL}\t{one.place.id}" if one.place.is_org else f"{one.place.id}\t{_NULL}"
    flags = _escaped(",".join(f'"{flag}"' for flag in sorted(one.flags))) if one.flags else ""
    return (
        f"{_escaped(one.indicator)}\t{place}\t{_escaped(one.period.key)}\t"
        f"{_escaped(one.breakdown)}\t{_number(one.value)}\t{_number(one.numerator)}\t"
        f"{_number(one.denominator)}\t{one.status}\t{{{flags}}}\t{one.row}"
    )


def _number(value: float | None) -> str:
    return _NULL if value is None else repr(value)


@lru_cache(maxsize=4096)
def _escaped(word: str) -> str:
    return word.translate(_ESCAPES)
