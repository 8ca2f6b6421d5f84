"""What people type for an account, brought into the form it is kept in, or refused."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from geo_service.core.auth import PLACED_ROLES, ROLES, Role
from geo_service.core.errors import BadParameter
from geo_service.core.text import Text

#: Letters of any script (with their marks), digits, and what e-mail addresses have besides.
_NAME: Final = re.compile(r"[^\s\x00-\x1f<>\"'&/\\;,:()\[\]{}]{3,100}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_LONGEST: Final = 200
#: Marks nobody sees: with them two names look alike, or read from right to left.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})


def settle_name(said: str) -> str:
    """Bring the name of an account into the form it is kept in.

    Parameters
    ----------
    said : str
        As written.

    Returns
    -------
    str
        NFKC, lower case, no spaces around.
    """
    return unicodedata.normalize("NFKC", said).strip().lower()


def read_name(said: str) -> str:
    """Read the name of a new account.

    Parameters
    ----------
    said : str
        As typed.

    Returns
    -------
    str
        From `settle_name`.

    Raises
    ------
    BadParameter
        If it is too short or too long, or has spaces or marks in it, seen or not.
    """
    settled = settle_name(said)
    if not _NAME.fullmatch(settled) or settled != without_unseen(settled):
        raise BadParameter(
            Text(
                th="ชื่อบัญชียาว 3-100 ตัวอักษร ไม่มีช่องว่างหรือเครื่องหมายพิเศษ",
                en="The name of an account has 3 to 100 characters, no spaces or brackets",
            ),
            parameter="name",
        )
    return settled


def without_unseen(said: str) -> str:
    """Leave out control characters and marks that nobody sees.

    Parameters
    ----------
    said : str
        As written.

    Returns
    -------
    str
        What can be seen of it.
    """
    return "".join(one for one in said if unicodedata.category(one) not in _UNSEEN)


def read_role(said: str, place: str | None) -> Role:
    """Read the name of a role and see that a place comes with it when there must be one.

    Parameters
    ----------
    said : str
        As written.
    place : str, optional
        Code of the place.

    Returns
    -------
    str
        One of `ROLES`.

    Raises
    ------
    BadParameter
        If there is no such role, or the place is missing.
    """
    role = next((one for one in ROLES if one == said), None)
    if role is None:
        raise BadParameter(
            Text(th=f"บทบาทคือ {', '.join(ROLES)}", en=f"The roles are {', '.join(ROLES)}"),
            parameter="role",
            known=list(ROLES),
        )
    if role in PLACED_ROLES and not place:
        raise BadParameter(
            Text(
                th="บทบาท lao ต้องระบุรหัส อปท. และบทบาท province ต้องระบุรหัสจังหวัด",
                en="The role lao needs the code of an organisation, province that of a province",
            ),
            parameter="place",
        )
    return role


def read_title(said: str) -> str:
    """Read the title of a person or a program.

    Parameters
    ----------
    said : str
        As typed.

    Returns
    -------
    str
        As long as fits.
    """
    return without_unseen(said).strip()[:_LONGEST]


def read_email(said: str | None) -> str | None:
    """Read an e-mail address.

    Parameters
    ----------
    said : str, optional
        As typed.

    Returns
    -------
    str or None
        In lower case; ``None`` when there is none.

    Raises
    ------
    BadParameter
        If it is none.
    """
    if not said:
        return None
    if not _EMAIL.fullmatch(said):
        raise BadParameter(
            Text(th="อีเมลไม่ถูกต้อง", en="This is not an e-mail address"), parameter="email"
        )
    return said.strip().lower()
