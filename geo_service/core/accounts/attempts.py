"""How often signing in failed, for a name and for an address; who fails on waits ever longer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo_service.core.accounts.limits import neighbourhood, subject_of
from geo_service.core.accounts.models import SignInAttempt

#: Failures that cost nothing; then the delay doubles from the first to the longest.
FREE_OF_NAME: Final = 5
FREE_OF_ADDRESS: Final = 20
FIRST_DELAY_S: Final = 15
LONGEST_DELAY_S: Final = 15 * 60
#: Failures are forgotten after a day without one.
_FORGOTTEN_AFTER: Final = timedelta(days=1)


def subjects(name: str, address: str) -> dict[bytes, int]:
    """Tell what a failure counts for.

    Parameters
    ----------
    name : str
        Of an account, whether or not there is one.
    address : str
        Of the machine that asks.

    Returns
    -------
    dict of bytes to int
        Subject, and the failures that cost it nothing.
    """
    found = {subject_of("name", name): FREE_OF_NAME}
    if address:
        found[subject_of("address", neighbourhood(address))] = FREE_OF_ADDRESS
    return found


def wait_s(session: Session, name: str, address: str) -> int:
    """Tell how long must be waited before the next attempt.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Of an account, whether or not there is one.
    address : str
        Of the machine that asks.

    Returns
    -------
    int
        Seconds; 0 when nothing stands in the way.
    """
    until: datetime | None = session.scalar(
        select(func.max(SignInAttempt.locked_until)).where(
            SignInAttempt.subject.in_(list(subjects(name, address))),
            SignInAttempt.locked_until > func.now(),
        )
    )
    if until is None:
        return 0
    left = session.scalar(select(func.extract("epoch", until - func.now())))
    return max(1, int(left or 0) + 1)


def failed(session: Session, name: str, address: str) -> None:
    """Count a failure; the caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Of an account, whether or not there is one.
    address : str
        Of the machine that asks.
    """
    session.execute(
        delete(SignInAttempt).where(SignInAttempt.last_at < func.now() - _FORGOTTEN_AFTER)
    )
    for subject, free in sorted(subjects(name, address).items()):
        made = insert(SignInAttempt).values(subject=subject, failures=1)
        failures = SignInAttempt.failures + 1
        delay_s = func.least(
            LONGEST_DELAY_S, FIRST_DELAY_S * func.power(2, func.least(failures - free, 20))
        )
        session.execute(
            made.on_conflict_do_update(
                index_elements=["subject"],
                set_={
                    "failures": failures,
                    "last_at": func.now(),
                    "locked_until": case(
                        (failures >= free, func.now() + delay_s * timedelta(seconds=1)),
                        else_=None,
                    ),
                },
            )
        )


def succeeded(session: Session, name: str) -> None:
    """Forget the failures of a name; those of the address stay. The caller commits.

    Parameters
    ----------
    session : Session
        Of the role that keeps accounts.
    name : str
        Of the account that signed in.
    """
    session.execute(delete(SignInAttempt).where(SignInAttempt.subject == subject_of("name", name)))
