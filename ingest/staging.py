"""From drafts to stored observations: copied to a staging table, compared, upserted."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from geo_service.core.db import fixed_sql
from geo_service.core.periods import Period
from ingest.drafts import Draft
from ingest.load import Loading
from layers.models import PeriodRow

#: Flags that a log of remarks put on a value stay when its own file is loaded again.
NOTED_PREFIX = "noted-"

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
    session = loading.session
    store_periods(loading, {one.period.key: one.period for one in drafts}.values())
    session.execute(fixed_sql("ingest", "stage_table"))
    _copy(loading, drafts)
    loading.progress("compare", 0, None)
    session.execute(fixed_sql("ingest", "stage_compare"), {"dataset": loading.dataset.id})
    changed = session.scalars(
        text("SELECT existing FROM stage_observation WHERE existing IS NOT NULL AND NOT same")
    ).all()
    loading.remember("observation", changed)
    values = {"dataset": loading.dataset.id, "version": loading.version_id}
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


def _copy(loading: Loading, drafts: Sequence[Draft]) -> None:
    # COPY is some twenty times faster than bound inserts, and nothing in it is ever parsed as SQL.
    lines = io.StringIO("".join(_line(one) for one in drafts))
    connection = loading.session.connection().connection
    with closing(cast("Any", connection.cursor())) as cursor:
        cursor.copy_expert(
            "COPY stage_observation (indicator_key, area_id, org_id, period_key, breakdown,"
            " value, numerator, denominator, status, flags, source_row) FROM STDIN",
            lines,
        )


def _line(one: Draft) -> str:
    flags = "{" + ",".join(f'"{flag}"' for flag in sorted(one.flags)) + "}"
    cells = (
        one.indicator,
        None if one.place.is_org else one.place.id,
        one.place.id if one.place.is_org else None,
        one.period.key,
        one.breakdown,
        one.value,
        one.numerator,
        one.denominator,
        one.status,
        flags,
        one.row,
    )
    return "\t".join(_NULL if c is None else str(c).translate(_ESCAPES) for c in cells) + "\n"
