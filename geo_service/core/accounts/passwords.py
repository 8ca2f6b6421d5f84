"""Passwords: which are good enough, and how they are kept (argon2id)."""

from __future__ import annotations

import string
import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from geo_service.core.accounts.tokens import make_secret
from geo_service.core.errors import BadParameter, Busy
from geo_service.core.text import Text

SHORTEST: Final = 12
LONGEST: Final = 200
_FEWEST_DIFFERENT: Final = 5
_LONGEST_WAIT_S: Final = 5.0

#: OWASP Password Storage Cheat Sheet, 2025: argon2id with 46 MiB, one pass, one lane.
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
#: Two at a time: hashing takes much memory, and others wait for their maps.
_AT_ONCE: Final = threading.BoundedSemaphore(2)

#: What people begin with when they have to think of something; digits and signs around it and
#: doubling do not make it better.
_COMMON_WORDS: Final = """
    password passw0rd p@ssw0rd p@ssword pass administrator admin root user guest test testing
    welcome letmein login secret master changeme default qwerty qwertyuiop qwertyui asdfghjkl
    asdfgh zxcvbnm zxcvbn qazwsx qazwsxedc qweasd qweasdzxc iloveyou sunshine princess football
    baseball monkey dragon superman batman trustno computer internet samsung google facebook
    whatever freedom shadow michael jordan hello helloworld abc abcd abcdef abcdefgh abcdefghijkl
    thailand siam bangkok krungthep sawasdee sawatdee muangthai thailao dla dlathailand localgov
    maprang somchai somsak office officer municipality government geoservice geo geodata service
    รหัสผ่าน สวัสดี ประเทศไทย กรุงเทพ เทศบาล อบต ผู้ดูแลระบบ ฟหกด ฟหกดเาสว ่าสว ๅภถุึคต
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())
_EDGES: Final = string.digits + string.punctuation + string.whitespace + "๐๑๒๓๔๕๖๗๘๙"
_RUNS: Final = (
    "0123456789012345678901234567890", "9876543210987654321098765432109",
    "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm", "๐๑๒๓๔๕๖๗๘๙๐๑๒๓๔๕๖๗๘๙",
)  # fmt: skip


def settle(password: str) -> str:
    """Bring what was typed into one form: the same letters from any keyboard are one password.

    Parameters
    ----------
    password : str
        As typed.

    Returns
    -------
    str
        Unicode NFKC, as NIST SP 800-63B, 3.1.1.2 advises.
    """
    return unicodedata.normalize("NFKC", password)


def examine(password: str, *names: str) -> None:
    """Refuse a password that is too short or easily guessed.

    Parameters
    ----------
    password : str
        As typed.
    *names : str
        Of the account; they must not make up the password.

    Raises
    ------
    BadParameter
        Which of the rules it breaks.
    """
    plain = settle(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise BadParameter(
            Text(
                th=f"รหัสผ่านต้องยาว {SHORTEST}-{LONGEST} ตัวอักษร จะเป็นประโยคสั้น ๆ ก็ได้",
                en=f"A password has {SHORTEST} to {LONGEST} characters; a short sentence will do",
            ),
            parameter="password",
        )
    if _is_common(plain, names):
        raise BadParameter(
            Text(
                th="รหัสผ่านนี้เดาได้ง่าย กรุณาเลือกคำที่ไม่ใช่ชื่อบัญชีหรือรหัสที่คนใช้บ่อย",
                en="This password is easily guessed: not a common one, nor the account's name",
            ),
            parameter="password",
        )


def keep(password: str) -> str:
    """Hash a password for keeping.

    Parameters
    ----------
    password : str
        As typed; examined before.

    Returns
    -------
    str
        With the parameters and the salt it was made with.
    """
    with _Turn():
        return _HASHER.hash(settle(password))


def is_right(kept: str | None, password: str) -> bool:
    """Tell whether a password is the one that was kept; takes as long where none was.

    Parameters
    ----------
    kept : str, optional
        From `keep`; ``None`` when there is no such account, or it has no password.
    password : str
        As typed.

    Returns
    -------
    bool
        False when nothing was kept.
    """
    with _Turn():
        try:
            _HASHER.verify(kept or _nobodys(), settle(password)[: LONGEST + 1])
        except (Argon2Error, InvalidHashError):
            return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Tell whether a kept hash was made with other parameters than those of today.

    Parameters
    ----------
    kept : str
        From `keep`.

    Returns
    -------
    bool
        True when it should be made anew at the next sign-in.
    """
    return _HASHER.check_needs_rehash(kept)


class _Turn:
    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=_LONGEST_WAIT_S):
            raise Busy(
                Text(
                    th="มีผู้ลงชื่อเข้าใช้พร้อมกันจำนวนมาก กรุณาลองใหม่ในอีกสักครู่",
                    en="Many people are signing in; try again in a moment",
                )
            )

    def __exit__(self, *_: object) -> None:
        _AT_ONCE.release()


_made_for_nobody: list[str] = []


def _nobodys() -> str:
    # Made once, at the first need: a hash that no password fits.
    if not _made_for_nobody:
        _made_for_nobody.append(_HASHER.hash(make_secret()))
    return _made_for_nobody[0]


def _is_common(plain: str, names: tuple[str, ...]) -> bool:
    low = plain.casefold()
    if len(set(low)) < _FEWEST_DIFFERENT or any(low in run for run in _RUNS):
        return True
    core = _once(low.strip(_EDGES))
    own = {part for name in names for part in (name.casefold(), name.casefold().split("@")[0])}
    return core in _COMMON or _once(low) in _COMMON or core in own - {""} or low in own


def _once(word: str) -> str:
    # "passwordpassword" is "password".
    half = len(word) // 2
    return word[:half] if half and word[:half] * 2 == word else word
