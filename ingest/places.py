"""Which place a row is about: its words handed to the gazetteer, its answer put in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from boundaries import names
from boundaries.lookup import LEVELS, Ambiguous, Found, Gazetteer, Missing
from geo_service.core.text import Text
from ingest.clean import THAI_DIGITS, Problem, clean_text
from ingest.drafts import Place
from ingest.load import Loading
from ingest.read import Row, Table
from ingest.recipe_parts import PlacePart
from ingest.report import Severity

#: Flags of a match: how severe, for which reason, and how it is told in the report.
_MATCHES: dict[str, tuple[Severity, str, Text]] = {
    "successor-of-": (
        "flagged",
        "moved-code",
        Text(
            th="รหัสนี้ยกเลิกแล้ว นับให้ {code} {name} ที่สืบต่อ",
            en="The code was abolished; counted for {code} {name}, its successor",
        ),
    ),
    "name-matched": (
        "repaired",
        "name-matched",
        Text(
            th="จับคู่กับ {code} {name} ด้วยชื่อที่สะกดต่างกัน",
            en="Matched to {code} {name} by a variant of its name",
        ),
    ),
    "name-differs": (
        "flagged",
        "name-differs",
        Text(
            th="รหัสนี้คือ {name} ({code}) ซึ่งชื่อไม่ตรงกับในแถว ยึดตามรหัส",
            en="The code is {name} ({code}), the row has another name; the code was taken",
        ),
    ),
}
_WHY: dict[str, Text] = {
    "no-place": Text(th="แถวนี้ไม่บอกพื้นที่", en="The row names no place"),
    "unknown-place": Text(
        th="ไม่พบพื้นที่หรือหน่วยงานนี้ ตรวจรหัสหรือการสะกด", en="No such place; check code or spelling"
    ),
    "abolished-place": Text(
        th="พื้นที่นี้ยกเลิกแล้วและไม่ทราบว่าสืบต่อเป็นที่ใด",
        en="The place was abolished and nothing tells where it went",
    ),
    "later-place": Text(
        th="หน่วยงานนี้เริ่มหลังงวดนั้น โปรดใช้รหัสของหน่วยงานในเวลานั้น",
        en="The organisation began after the period; give the code of the one there was then",
    ),
    "ambiguous-place": Text(
        th="ชื่อนี้มีหลายแห่ง โปรดใส่รหัส หรืออำเภอและจังหวัด",
        en="Several places have this name; give a code, or district and province",
    ),
    "contradicting-place": Text(
        th="รหัสกับชื่อเป็นคนละแห่ง โปรดตรวจว่าอันใดถูก",
        en="The code and the name are two different places; find out which is right",
    ),
    "split-place": Text(
        th="พื้นที่นี้แยกเป็นหลายแห่ง แบ่งค่าให้เองไม่ได้",
        en="The place was split into several; its value cannot be divided by guessing",
    ),
}


_Answers = dict[date | None, Place | Problem]


@dataclass(frozen=True, slots=True)
class _Words:
    """What a row says about its place, and the answers to the same words by day."""

    row: Row
    level: str | None
    words: dict[str, str]
    known: _Answers


@dataclass(slots=True)
class Places:
    """Finds the place of each row; the same words in the same year are looked up once."""

    loading: Loading
    spec: PlacePart
    table: Table
    _gazetteer: Gazetteer = field(init=False)
    _headings: dict[str, str] = field(init=False)
    _known: dict[tuple[object, ...], _Answers] = field(default_factory=dict)
    _parents: dict[tuple[str, str, str], Found | Missing | Ambiguous] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)
    #: What the row asked about last says: a wide table asks once for each of its years.
    _last: _Words | None = None
    #: The heading that names the place first of all.
    heading: str | None = field(init=False)

    def __post_init__(self) -> None:
        levels = [self.spec.level, *self.spec.levels.values()]
        finest = max((LEVELS.index(one) for one in levels if one in LEVELS), default=0)
        self._gazetteer = self.loading.gazetteers.read(self.loading.session, LEVELS[finest])
        self._headings = {
            part: self.table.heading(named)
            for part in ("level_heading", "code", "name", "name_en", "province", "district", "kind")
            if (named := getattr(self.spec, part)) is not None
        }
        named = [self._headings.get(part) for part in ("code", "name", "name_en")]
        self.heading = next(filter(None, named), None)

    @property
    def headings(self) -> Collection[str]:
        """Every heading that says something about the place."""
        return self._headings.values()

    @property
    def _name_heading(self) -> str | None:
        return self._headings.get("name") or self._headings.get("name_en") or self.heading

    def find(self, row: Row, on: date | None, *, quiet: bool = False) -> Place | Problem:
        """Find the place a row is about, in force on a day.

        Parameters
        ----------
        row : Row
            The row.
        on : date or None
            The last day of its period: codes and names mean what they meant then. None: now.
        quiet : bool
            Whether to leave out of the report how it was matched.

        Returns
        -------
        Place or Problem
            The place; or why there is none, with what may have been meant.
        """
        if self._last is None or self._last.row is not row:
            self._last = self._words(row)
        said = self._last
        if said.level is None:
            stated = said.words.get("level_heading", "")
            return Problem(
                "no-place",
                Text(
                    th=f"สูตรไม่บอกระดับของ '{stated}' (place.levels)",
                    en=f"The recipe gives no level for '{stated}' (place.levels)",
                ),
            )
        found = said.known.get(on) or self._new(said.level, said.words, said.known, on)
        if isinstance(found, Place):
            self._look_whose(row, found)
        if isinstance(found, Place) and not quiet and row.number not in self._told:
            self._told.add(row.number)
            self._tell(row, found)
        return found

    def _look_whose(self, row: Row, found: Place) -> None:
        if (reach := self.loading.reach) is not None:
            own = reach.orgs if found.is_org else reach.areas
            reach.look(row.number, found.name or found.code, is_his=found.id in own)

    def _words(self, row: Row) -> _Words:
        words = {part: self._word(row, heading) for part, heading in self._headings.items()}
        level = self.spec.level or self.spec.levels.get(words.get("level_heading", ""))
        known = self._known.setdefault((level, *words.values()), {})
        return _Words(row, level, words, known)

    def _new(
        self, level: str, words: dict[str, str], known: _Answers, on: date | None
    ) -> Place | Problem:
        unknown = next((p for p in known.values() if isinstance(p, Problem)), None)
        if unknown is not None and unknown.reason == "unknown-place":
            return unknown  # on no day at all
        first = next((one for one in known.values() if isinstance(one, Place)), None)
        if first is not None and level != "org" and words.get("code"):
            # The name beside the code was compared already: is it the same place on this day?
            again = self._gazetteer.area(level, code=words["code"], system=self.spec.system, on=on)
            if isinstance(again, Found) and again.id == first.id and not again.flags:
                known[on] = first
                return first
        known[on] = self._look_up(level, words, on)
        return known[on]

    def _word(self, row: Row, heading: str) -> str:
        return clean_text(row.cells[heading]).translate(THAI_DIGITS)

    def _look_up(self, level: str, words: dict[str, str], on: date | None) -> Place | Problem:
        code = self.spec.fixed or words.get("code") or None
        name = words.get("name") or words.get("name_en") or None
        if code is not None and self.spec.trust == "code":
            name = None
        province, district = words.get("province") or None, words.get("district") or None
        found: Found | Missing | Ambiguous
        if level == "org":
            kind = words.get("kind") or None
            found = self._gazetteer.org(
                code=code, system=self.spec.system, name=name, province=province,
                district=district, kind=self.spec.kinds.get(kind, kind) if kind else None, on=on,
            )  # fmt: skip
        else:
            found = self._gazetteer.area(
                level, code=code, system=self.spec.system, name=name, province=province,
                district=district, on=on,
            )  # fmt: skip
        if isinstance(found, Found):
            return Place(level, found.id, found.code, found.flags, found.name_th)
        said = " / ".join(word for part, word in words.items() if word and part != "level_heading")
        candidates = found.candidates or self._of_that_name(level, words)
        return Problem(found.reason, _WHY[found.reason], said, candidates)

    def _of_that_name(self, level: str, words: dict[str, str]) -> tuple[str, ...]:
        # The code is unknown, but a place of that name may be what was meant.
        name = words.get("name") or words.get("name_en")
        if not name or level in {"org", "country"} or "code" not in words:
            return ()
        within = words.get("province") or ""
        if not within and self.spec.system == "dopa" and level != "province":
            within = words["code"][:2]
        found = self._gazetteer.area(level, name=name, province=within or None)
        if isinstance(found, Found):
            return (f"{found.name_th} ({found.code})",)
        return found.candidates

    def _tell(self, row: Row, place: Place) -> None:
        for flag in place.flags:
            for begin, (severity, reason, hint) in _MATCHES.items():
                if flag.startswith(begin):
                    heading = self.heading if reason == "moved-code" else self._name_heading
                    self.loading.reject(
                        reason=reason,
                        hint=hint.format(code=place.code, name=place.name),
                        row=row.number,
                        column=heading,
                        said=row.cells.get(heading or ""),
                        severity=severity,
                    )
        if "code" in self._headings:
            self._compare_parents(row, place)

    def _compare_parents(self, row: Row, place: Place) -> None:
        # The code decides; what the row says beside it about province and district is compared.
        for level, digits in (("province", 2), ("district", 4)):
            heading = self._headings.get(level)
            if heading is None or place.is_org:
                continue
            said = self._word(row, heading)
            problem = self._parent_problem(level, said, place.code[:digits])
            if problem is not None:
                self.loading.reject(
                    reason=problem.reason, hint=problem.hint, row=row.number, column=heading,
                    said=said, severity="repaired",
                )  # fmt: skip

    def _parent_problem(self, level: str, said: str, code: str) -> Problem | None:
        if not said:
            return Problem(
                "blank-name",
                Text(th=f"เว้นว่างไว้ ยึดตามรหัส {code}", en=f"Left blank; taken from code {code}"),
            )
        key = (level, said, code[:2])
        if key not in self._parents:
            within = None if level == "province" else code[:2]
            self._parents[key] = self._gazetteer.area(level, name=said, province=within)
        found = self._parents[key]
        if isinstance(found, Found) and found.code == code:
            bare = names.strip_prefix(said, level)
            if {said, bare} & {*self._gazetteer.spellings(found.id)}:
                return None
            return Problem(
                "name-matched",
                Text(
                    th=f"สะกดต่างจาก {found.name_th} ({code})",
                    en=f"A variant of {found.name_th} ({code})",
                ),
            )
        return Problem(
            "name-differs",
            Text(
                th=f"ไม่ตรงกับรหัส {code} ยึดตามรหัส", en=f"Not the name of {code}; the code was taken"
            ),
        )
