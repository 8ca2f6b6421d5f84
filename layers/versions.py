"""Version numbers of what is served: they rise with every committed change and never fall.

ETags, tile addresses and caches carry them, so nothing stale is served and nothing needs
purging. Subjects are ``areas``, ``orgs``, ``catalogue``, ``indicator:{key}``, ``layer:{id}`` and
``loads``, which rises with every run of a load, a refused one too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.known import known_of, remembered
from geo_service.core.models import DataVersion

LOADS = "loads"


def of_indicator(key: str) -> str:
    """Name the subject of an indicator.

    Parameters
    ----------
    key : str
        Key of the indicator.

    Returns
    -------
    str
        ``indicator:{key}``.
    """
    return f"indicator:{key}"


def version_of(session: Session, subject: str) -> int:
    """Read the version of one subject.

    Parameters
    ----------
    session : Session
        Open.
    subject : str
        For example ``areas`` or ``indicator:pop_total``.

    Returns
    -------
    int
        0 when nothing was ever loaded for it.
    """
    return versions_of(session, [subject])[subject]


def versions_of(session: Session, subjects: Collection[str]) -> dict[str, int]:
    """Read the versions of several subjects at once.

    Parameters
    ----------
    session : Session
        Open.
    subjects : collection of str
        Subjects asked for.

    Returns
    -------
    dict of str to int
        Every subject asked for; 0 when nothing was ever loaded for it.
    """
    known = known_of(session)
    if known is not None:
        return {subject: known.versions.get(subject, 0) for subject in subjects}
    rows = session.execute(
        select(DataVersion.subject, DataVersion.number).where(DataVersion.subject.in_(subjects))
    )
    return dict.fromkeys(subjects, 0) | dict(rows.all())


def changed_at(session: Session, subjects: Collection[str]) -> datetime | None:
    """Tell when any of several subjects changed last.

    Numbers begin anew in a new database; together with the time they never return.

    Parameters
    ----------
    session : Session
        Open.
    subjects : collection of str
        Subjects asked for.

    Returns
    -------
    datetime or None
        ``None`` when nothing was ever loaded for any of them.
    """
    wanted = tuple(sorted(subjects))
    latest = select(func.max(DataVersion.changed_at)).where(DataVersion.subject.in_(wanted))
    return remembered(session, ("changed_at", wanted), lambda: session.scalar(latest))


def bump(session: Session, subjects: Iterable[str]) -> dict[str, int]:
    """Raise the version of each subject by one; the caller commits.

    Parameters
    ----------
    session : Session
        Open in the transaction that makes the change.
    subjects : iterable of str
        What changes. Taken in order of name, so two loads cannot wait for each other.

    Returns
    -------
    dict of str to int
        The new versions.
    """
    wanted = sorted(set(subjects))
    if not wanted:
        return {}
    statement = insert(DataVersion).values([{"subject": subject} for subject in wanted])
    statement = statement.on_conflict_do_update(
        index_elements=["subject"],
        set_={"number": DataVersion.number + 1, "changed_at": func.now()},
    )
    rows = session.execute(statement.returning(DataVersion.subject, DataVersion.number))
    return dict(rows.all())
