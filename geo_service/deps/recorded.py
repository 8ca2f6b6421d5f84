"""Lines of the audit log in words: what was done, to what, with all values in one language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from boundaries.words import LEVEL_NAMES
from geo_service.core import audit, errors
from geo_service.core.audit import Line
from geo_service.core.auth import KIND_NAMES, PLACED_ROLES, ROLE_NAMES, SCOPE_NAMES
from geo_service.core.moments import moment_in
from geo_service.core.text import Lang, Text

#: Ways in, and what the page of accounts calls them.
WAYS_IN: Final[Mapping[str, Text]] = {
    "password": Text("รหัสผ่าน", "password"),
    "openid": Text("OpenID", "OpenID"),
    "none": Text("ใช้คีย์เท่านั้น", "keys only"),
}
#: Filters of what an embed token opens.
_FILTERS: Final = {
    "level": Text("ระดับ", "level"),
    "period": Text("ช่วงเวลา", "period"),
    "area": Text("เฉพาะพื้นที่", "only in"),
    "place": Text("พื้นที่", "place"),
    "compare": Text("เทียบกับ", "compared with"),
    "against": Text("เทียบกับปี", "against the year"),
    "peers": Text("กลุ่มที่เทียบ", "peers"),
    "scheme": Text("วิธีแบ่งชั้น", "classification"),
    "classes": Text("จำนวนชั้น", "classes"),
    "resolution": Text("ขนาดช่องหกเหลี่ยม", "size of hexagons"),
    "region_scheme": Text("แบบแบ่งภาค", "grouping of regions"),
    "points": Text("จุดสถานที่", "points"),
}
_NAMES: Final = {
    "recipe": Text("สูตรนำเข้า", "recipe"),
    "jti": Text("เลขที่โทเคน", "token"),
    "kid": Text("กุญแจที่ลงนาม", "signed with"),
    "locked": Text("ตรึงไว้", "locked"),
    "editable": Text("ปรับได้", "may be changed"),
    "way": Text("ลงชื่อเข้าใช้ด้วย", "by"),
    "reason": Text("เหตุผล", "reason"),
    "file": Text("ไฟล์", "file"),
    "sha256": Text("SHA-256", "SHA-256"),
    "submission": Text("ไฟล์ที่ส่ง เลขที่", "submission"),
    "run": Text("การนำเข้าครั้งที่", "run"),
    "outcome": Text("ผล", "outcome"),
    "version": Text("รุ่น", "version"),
    "rows": Text("แถว", "rows"),
    "scopes": Text("สิทธิ์", "may"),
    "scope": Text("เห็นในฐานะ", "seen as"),
    "query": Text("เงื่อนไขในที่อยู่", "query"),
    "method": Text("วิธีเรียก", "method"),
    "account": Text("บัญชี", "account"),
    "role": Text("บทบาท", "role"),
    "place": Text("พื้นที่", "place"),
    "before": Text("เดิม", "before"),
    "after": Text("ใหม่", "after"),
    "origins": Text("เว็บที่ฝัง", "sites"),
    "seconds": Text("ใช้ได้ (วินาที)", "good for (seconds)"),
    "path": Text("ที่อยู่", "address"),
    "status": Text("สถานะ", "status"),
    "by": Text("โดย", "by"),
    "who": Text("ผู้ขอ", "who"),
    **_FILTERS,
}
#: As they are told: the database keeps no order.
_ORDER: Final = {name: at for at, name in enumerate(_NAMES)}
_REASONS: Final = {
    **{
        one.code: one.title
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.Fault)
    },
    "credentials": Text("ชื่อบัญชีหรือรหัสผ่านไม่ถูกต้อง", "wrong name or password"),
    "revoked": Text("ถูกเพิกถอนแล้ว", "revoked"),
    "expired": Text("หมดอายุ", "expired"),
    "bad": Text("ลายเซ็นไม่ถูกต้อง", "not signed by this service"),
    "off": Text("ไม่ได้เปิดใช้โทเคน", "tokens are not in use"),
}
_VALUES: Final[Mapping[str, Mapping[str, Text]]] = {
    "way": WAYS_IN,
    "role": dict(ROLE_NAMES.items()),
    "scopes": dict(SCOPE_NAMES.items()),
    "editable": _FILTERS,
    "level": LEVEL_NAMES,
    "reason": _REASONS,
    "by": {"manager": Text("ผู้ดูแลระบบ", "an administrator")},
    "outcome": {
        "loaded": Text("นำเข้าทั้งไฟล์", "the whole file"),
        "loaded-with-rejects": Text("นำเข้าบางแถว", "some rows were refused"),
        "already-loaded": Text("เหมือนเดิม ไม่มีอะไรเปลี่ยน", "as before, nothing changed"),
        "refused": Text("ไม่รับไฟล์", "the file was refused"),
    },
}
#: What something is, before the colon of its name.
_THINGS: Final = {
    "map": Text("แผนที่", "map"),
    "dashboard": Text("แดชบอร์ด", "dashboard"),
    "panel": Text("แผง", "panel"),
    "collection": Text("ชั้นข้อมูล", "collection"),
    "jti": Text("โทเคน", "token"),
    "kid": Text("กุญแจที่ลงนาม", "signing key"),
}
#: What was done to a data set.
_OF_DATASETS: Final = frozenset({
    "load", "undo", "edit", "submit", "submission-checked", "submission-refused",
    "submission-withdrawn", "publish",
})  # fmt: skip
_OF_KEYS: Final = frozenset({"key-made", "key-revoked"})
_YES: Final = {True: Text("ใช่", "yes"), False: Text("ไม่ใช่", "no")}
_EMPTY: Final[tuple[object, ...]] = ("", None, [], {})


@dataclass(frozen=True, slots=True)
class Names:
    """What codes in the record are called today: places by level and code, data sets by id."""

    places: Mapping[tuple[str, str], Text] = field(default_factory=dict)
    datasets: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A line in words; ``thing`` is empty where what it was done to says nothing more."""

    when: str
    action: str
    outcome: str
    kind: str
    thing: str
    detail: tuple[tuple[str, str], ...]


def tell(line: Line, lang: Lang, names: Names) -> Told:
    """Write a line in words.

    Parameters
    ----------
    line : Line
        Of the record.
    lang : {"th", "en"}
        Language of the reader.
    names : Names
        What its codes are called.

    Returns
    -------
    Told
        Every value in that language; a code that has no name stays a code.
    """
    action = audit.ACTIONS.get(line.action)
    words = _Words(lang, names)
    return Told(
        when=moment_in(line.at, lang, seconds=True),
        action=action.in_(lang) if action else line.action,
        outcome=audit.OUTCOME_NAMES[line.outcome].in_(lang),
        kind=KIND_NAMES[line.who_kind].in_(lang),
        thing=words.thing(line),
        detail=tuple(words.pairs(line.detail)),
    )


def places_in(lines: Iterable[Line]) -> set[tuple[str, str]]:
    """Tell which places lines name.

    Parameters
    ----------
    lines : iterable of Line
        Of the record.

    Returns
    -------
    set of (str, str)
        Level and code.
    """
    found = set()
    for line in lines:
        detail = line.detail
        for one in (detail, detail.get("before"), detail.get("after")):
            if isinstance(one, dict) and (place := _placed(one.get("role"), one.get("place"))):
                found.add(place)
        role, _, code = str(detail.get("scope") or "").partition(":")
        if place := _placed(role, code):
            found.add(place)
    return found


def names_datasets(lines: Iterable[Line]) -> bool:
    """Tell whether lines name data sets.

    Parameters
    ----------
    lines : iterable of Line
        Of the record.

    Returns
    -------
    bool
        True where one was loaded, sent, changed or undone.
    """
    return any(line.action in _OF_DATASETS for line in lines)


def named(place: Text | None, code: str, lang: Lang) -> str:
    """Write a place for people, with the code by which programs know it.

    Parameters
    ----------
    place : Text, optional
        Its name.
    code : str
        Its code.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``แสนสุข (50)``; the code alone where nothing is called so.
    """
    return code if place is None else f"{place.in_(lang)} ({code})"


def _placed(role: object, code: object) -> tuple[str, str] | None:
    level = next((level for one, level in PLACED_ROLES.items() if one == role), None)
    return (level, code) if level and code and isinstance(code, str) else None


@dataclass(frozen=True, slots=True)
class _Words:
    lang: Lang
    names: Names

    def thing(self, line: Line) -> str:
        if line.action in _OF_DATASETS and line.what in self.names.datasets:
            return self.names.datasets[line.what].in_(self.lang)
        if line.action in _OF_KEYS:
            return f"gk_{line.what}"
        kind, _, name = line.what.partition(":")
        return f"{_THINGS[kind].in_(self.lang)} {name}" if name and kind in _THINGS else ""

    def pairs(self, detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        ordered = sorted(detail.items(), key=lambda pair: _ORDER.get(pair[0], len(_ORDER)))
        for name, value in ordered:
            if value not in _EMPTY:
                called = _NAMES[name].in_(self.lang) if name in _NAMES else name
                yield called, self.value(name, value, detail)

    def value(self, name: str, value: object, beside: Mapping[str, Any]) -> str:
        if isinstance(value, dict):
            return ", ".join(" ".join(pair) for pair in self.pairs(value))
        if isinstance(value, list):
            return ", ".join(self.value(name, one, beside) for one in value)
        if isinstance(value, bool):
            return _YES[value].in_(self.lang)
        if name == "rows" and isinstance(value, int):
            return f"{value:,}"
        return self.code(name, str(value), beside)

    def code(self, name: str, written: str, beside: Mapping[str, Any]) -> str:
        if name == "scope":
            return self.seen_as(written)
        if name == "place" and (place := _placed(beside.get("role"), written)):
            return named(self.names.places.get(place), written, self.lang)
        known = _VALUES.get(name, {}).get(written)
        return known.in_(self.lang) if known else written

    def seen_as(self, scope: str) -> str:
        role, _, code = scope.partition(":")
        name = next((text.in_(self.lang) for one, text in ROLE_NAMES.items() if one == role), role)
        if not (place := _placed(role, code)):
            return name
        return f"{name} {named(self.names.places.get(place), code, self.lang)}"
