"""Names of places and organisations: settled spelling, prefixes, keys to compare by.

Three strengths of sameness. ``normalise`` settles what cannot be seen (Unicode order, invisible
characters, Thai digits, spaces). ``key`` also drops spaces, punctuation and letter case: two
names with one key are the same name. ``loose_key`` also folds the usual variants of Thai names
in Latin letters (Prakarn/Prakan, Muang/Mueang, Nakorn/Nakhon); a match by it is flagged.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: Names asked for again and again within one load.
_REMEMBERED = 65_536

#: Characters that are not seen: zero-width ones, soft hyphen, direction and byte order marks.
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SPACES = re.compile(r"[\s\u00a0]+")
_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_TONES = "\u0e48-\u0e4c"
#: Nikhahit and sara aa, with a tone mark between or before: one sara am, tone mark first.
_SPLIT_SARA_AM = re.compile(f"\u0e4d([{_TONES}]?)\u0e32")
_LATE_TONE = re.compile(f"\u0e33([{_TONES}])")
_PUNCTUATION = re.compile(r"[\s\-‐-―_.,'’`\"()\[\]/ฯ]+")

_AREA_PREFIXES: dict[str, tuple[str, ...]] = {
    "province": ("จังหวัด", "จ.", "changwat "),
    "district": ("กิ่งอำเภอ", "กิ่ง อ.", "กิ่งอ.", "อำเภอ", "อ.", "เขต",
                 "king amphoe ", "amphoe ", "amphur ", "khet "),
    "subdistrict": ("ตำบล", "ต.", "แขวง", "tambon ", "tambol ", "khwaeng "),
}  # fmt: skip
_AREA_SUFFIXES: dict[str, tuple[str, ...]] = {
    "province": (" province",),
    "district": (" district",),
    "subdistrict": (" subdistrict", " sub-district"),
}
#: Longest first within each kind, so that no prefix hides a longer one.
_ORG_PREFIXES: tuple[tuple[str, str], ...] = (
    ("องค์การบริหารส่วนจังหวัด", "PAO"),
    ("องค์การบริหารส่วนตำบล", "SAO"),
    ("เทศบาลนคร", "city"),
    ("เทศบาลเมือง", "town"),
    ("เทศบาลตำบล", "subdistrict_municipality"),
    ("อบจ.", "PAO"),
    ("อบต.", "SAO"),
    ("ทน.", "city"),
    ("ทม.", "town"),
    ("ทต.", "subdistrict_municipality"),
    ("อบจ ", "PAO"),
    ("อบต ", "SAO"),
    ("เมืองพัทยา", "Pattaya"),
)
_ORG_SUFFIXES: tuple[tuple[str, str], ...] = (
    (" provincial administrative organization", "PAO"),
    (" provincial administrative organisation", "PAO"),
    (" subdistrict administrative organization", "SAO"),
    (" subdistrict administrative organisation", "SAO"),
    (" subdistrict municipality", "subdistrict_municipality"),
    (" city municipality", "city"),
    (" town municipality", "town"),
    (" pao", "PAO"),
    (" sao", "SAO"),
)
#: Words for kinds of organisations as lists write them, by ``key``.
_KIND_WORDS: dict[str, str] = {
    "อบจ": "PAO", "องค์การบริหารส่วนจังหวัด": "PAO", "pao": "PAO",
    "ทน": "city", "เทศบาลนคร": "city", "thesabannakhon": "city", "city": "city",
    "ทม": "town", "เทศบาลเมือง": "town", "thesabanmueang": "town", "town": "town",
    "ทต": "subdistrict_municipality", "เทศบาลตำบล": "subdistrict_municipality",
    "thesabantambon": "subdistrict_municipality",
    "subdistrictmunicipality": "subdistrict_municipality",
    "อบต": "SAO", "องค์การบริหารส่วนตำบล": "SAO", "tao": "SAO", "sao": "SAO",
    "กทม": "BMA", "กรุงเทพมหานคร": "BMA", "bma": "BMA",
    "เมืองพัทยา": "Pattaya", "พัทยา": "Pattaya", "pattaya": "Pattaya", "mueang": "Pattaya",
}  # fmt: skip

#: Names in common use that no rule of spelling leads to; ``key`` of the one -> of the other.
_PROVINCE_ALIASES: dict[str, str] = {
    "กทม": "กรุงเทพมหานคร",
    "กรุงเทพ": "กรุงเทพมหานคร",
    "กรุงเทพมหานครฯ": "กรุงเทพมหานคร",
    "krungthep": "กรุงเทพมหานคร",
    "krungthepmahanakhon": "กรุงเทพมหานคร",
    "bangkokmetropolis": "กรุงเทพมหานคร",
    "อยุธยา": "พระนครศรีอยุธยา",
    "ayutthaya": "พระนครศรีอยุธยา",
    "ayudhya": "พระนครศรีอยุธยา",
    "โคราช": "นครราชสีมา",
    "korat": "นครราชสีมา",
    "แปดริ้ว": "ฉะเชิงเทรา",
}
#: What the Royal Institute's spelling and older ones write differently; applied in this order.
_LATIN_FOLDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"ueang|uang|eung", "uang"),
        (r"([kpt])h", r"\1"),
        (r"([ao])r(?=[bcdfghjklmnpstvwyz]|$)", r"\1"),
        (r"oo|ue|eu", "u"),
        (r"ee|ii", "i"),
        (r"aa", "a"),
        (r"ae|e", "e"),
        (r"ew$", "eo"),
        (r"uab", "uap"),
        (r"v", "w"),
        (r"j", "ch"),
        (r"([bcdfghklmnprstw])\1+", r"\1"),
    )
)


@dataclass(frozen=True, slots=True)
class OrgName:
    """The kind a name begins (or ends) with, if any, and the bare name."""

    kind: str | None
    bare: str


@lru_cache(maxsize=_REMEMBERED)
def normalise(text: str) -> str:
    """Settle what cannot be seen in a name.

    Parameters
    ----------
    text : str
        As somebody typed it or a PDF gave it.

    Returns
    -------
    str
        NFC, without invisible characters, Thai digits as 0-9, sara am whole and after its
        tone mark, two sara e as sara ae, single spaces.
    """
    settled = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    settled = settled.translate(_THAI_DIGITS).replace("เเ", "แ")
    settled = _SPLIT_SARA_AM.sub("\\1\u0e33", settled)
    settled = re.sub(f"([{_TONES}])\u0e4d\u0e32", "\\1\u0e33", settled)
    settled = _LATE_TONE.sub("\\1\u0e33", settled)
    return _SPACES.sub(" ", settled).strip()


def strip_prefix(text: str, level: str) -> str:
    """Take off the word that only says what kind of area it is.

    Parameters
    ----------
    text : str
        For example ``อำเภอ เมืองเลย`` or ``Tha Li District``.
    level : str
        ``province``, ``district`` or ``subdistrict``; others have no such words.

    Returns
    -------
    str
        The bare name, normalised; the name itself when nothing would be left.
    """
    bare = normalise(text)
    folded = bare.casefold()
    for prefix in _AREA_PREFIXES.get(level, ()):
        if folded.startswith(prefix) and len(bare) > len(prefix):
            return bare[len(prefix) :].strip()
    for suffix in _AREA_SUFFIXES.get(level, ()):
        if folded.endswith(suffix):
            return bare[: -len(suffix)].strip()
    return bare


def split_org_name(text: str) -> OrgName:
    """Part the name of an organisation into its kind and its bare name.

    Parameters
    ----------
    text : str
        For example ``อบต.เสม็ด``, ``เทศบาลเมือง แพรกษา`` or ``Samet SAO``.

    Returns
    -------
    OrgName
        Kind as in ``boundaries.models.ORG_KINDS``, or None when the name does not say.
    """
    bare = normalise(text)
    folded = bare.casefold()
    if folded == "เมืองพัทยา":
        return OrgName("Pattaya", "พัทยา")
    for prefix, kind in _ORG_PREFIXES:
        if folded.startswith(prefix) and len(bare) > len(prefix):
            return OrgName(kind, bare[len(prefix) :].strip())
    for suffix, kind in _ORG_SUFFIXES:
        if folded.endswith(suffix):
            return OrgName(kind, bare[: -len(suffix)].strip())
    return OrgName(None, bare)


def org_kind(text: str) -> str | None:
    """Read the kind of an organisation as lists write it.

    Parameters
    ----------
    text : str
        ``TAO``, ``อบต.``, ``ThesabanMueang``, ``เทศบาลเมือง`` ...

    Returns
    -------
    str or None
        One of ``boundaries.models.ORG_KINDS``; None when it is none of them.
    """
    return _KIND_WORDS.get(key(text))


@lru_cache(maxsize=_REMEMBERED)
def key(text: str) -> str:
    """Return what two spellings of one name have in common.

    Parameters
    ----------
    text : str
        A bare name.

    Returns
    -------
    str
        Normalised, in small letters, without spaces and punctuation.
    """
    return _PUNCTUATION.sub("", normalise(text)).casefold()


def area_key(text: str, level: str) -> str:
    """Return the key of an area's name, prefixes and common aliases settled.

    Parameters
    ----------
    text : str
        With or without the word for its level.
    level : str
        Level of the area.

    Returns
    -------
    str
        To compare with ``area_key`` of another name of the same level.
    """
    found = key(strip_prefix(text, level))
    return _PROVINCE_ALIASES.get(found, found) if level == "province" else found


@lru_cache(maxsize=_REMEMBERED)
def loose_key(text: str) -> str:
    """Fold the usual variants of Thai names in Latin letters.

    Parameters
    ----------
    text : str
        A bare name; Thai letters are left as they are.

    Returns
    -------
    str
        A key shared by, for example, ``Samut Prakan`` and ``Samut Prakarn``.
    """
    folded = key(text)
    if not folded.isascii():
        return folded
    for pattern, by in _LATIN_FOLDS:
        folded = pattern.sub(by, folded)
    return folded


def is_cut(name: str, whole: str, *, length: int = 16) -> bool:
    """Tell whether a name is another one cut off at the end of a fixed-width field.

    Parameters
    ----------
    name : str
        Name as a file gives it.
    whole : str
        Name as the register gives it.
    length : int
        Width of the field in characters; an older shapefile's is 16.

    Returns
    -------
    bool
        True when ``name`` fills the field and ``whole`` goes on from it.
    """
    return len(name) == length and len(whole) > length and whole.startswith(name)
