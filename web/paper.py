"""What stands at the foot of a printed page: where it is from and the state of its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo_service.core.moments import moment_in
from geo_service.core.text import Lang
from geo_service.deps import SessionDep
from layers import versions


@dataclass(frozen=True, slots=True)
class Paper:
    """The foot of a page.

    ``state`` is empty where the page itself tells the state of its data; ``has_hour`` is false
    where no script may run that writes when it was printed.
    """

    address: str
    state: str = ""
    version: str = ""
    has_hour: bool = True


def paper_of(
    session: SessionDep, lang: Lang, address: str, subjects: Sequence[str], version: str
) -> Paper:
    """Tell where a page is from, and of when its data are.

    Parameters
    ----------
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.
    address : str
        Absolute, as callers see it.
    subjects : sequence of str
        What the page shows, as `layers.versions` names it.
    version : str
        Of the state of the data: two prints of one version show the same numbers.

    Returns
    -------
    Paper
        The hour of printing is written by the browser: pages are kept.
    """
    changed = versions.changed_at(session, subjects)
    return Paper(address, moment_in(changed, lang), version)
