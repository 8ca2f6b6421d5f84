"""The question asked of the cube, as a value; names in it come from the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from geo_service.core.errors import BadParameter
from geo_service.core.periods import Period, parse_period
from geo_service.core.text import Text
from layers.cql2.tree import Filter
from layers.indicators import IndicatorInfo

AREA_LEVELS = ("country", "region", "province", "district", "subdistrict")
#: What an organisation is, besides where it is.
TRAITS = ("tier", "kind", "size", "peers")
PLACE_DIMENSIONS = (*AREA_LEVELS, "org", *TRAITS)
TIME_DIMENSIONS = ("year", "calendar_year", "fiscal_year", "quarter", "month")
#: What rank compares a place with, besides its level.
PEER_TRAITS = ("kind", "tier", "size", "peers", "region", "province", "district")
DEFAULT_SCHEME = "cluster18_2560"
MOST_MEASURES, MOST_DIMENSIONS, MOST_SHOWN = 20, 5, 10_000

DIMENSION_NAMES: Mapping[str, Text] = {
    "country": Text("ประเทศ", "Country"),
    "region": Text("ภาคหรือกลุ่มจังหวัด", "Region"),
    "province": Text("จังหวัด", "Province"),
    "district": Text("อำเภอ", "District"),
    "subdistrict": Text("ตำบล", "Sub-district"),
    "org": Text("อปท.", "Organisation"),
    "tier": Text("ชั้นของ อปท.", "Tier"),
    "kind": Text("ประเภท อปท.", "Type of organisation"),
    "size": Text("ขนาด อปท.", "Size of organisation"),
    "peers": Text("กลุ่มเทียบเคียง (ประเภทและขนาด)", "Peer group (type and size)"),
    "year": Text("ปี", "Year"),
    "calendar_year": Text("ปีปฏิทิน", "Calendar year"),
    "fiscal_year": Text("ปีงบประมาณ", "Fiscal year"),
    "quarter": Text("ไตรมาส", "Quarter"),
    "month": Text("เดือน", "Month"),
    "sex": Text("เพศ", "Sex"),
    "age": Text("ช่วงอายุ", "Age"),
    "site_type": Text("ประเภทสถานที่กำจัด", "Type of disposal site"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """One way of looking at an indicator; ``unit`` replaces the indicator's own."""

    name: str
    title: Text
    unit: Text | None = None
    decimals: int | None = None
    needs_sum: bool = False


_PERCENT = Text("ร้อยละ", "%")
FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("value", Text("ค่า", "value")),
        Form("numerator", Text("ตัวตั้ง", "numerator"), Text("", "")),
        Form("denominator", Text("ตัวหาร", "denominator"), Text("", "")),
        Form("share", Text("สัดส่วนในกลุ่มแม่", "share of parent"), _PERCENT, 1, needs_sum=True),
        Form("change", Text("เปลี่ยนจากช่วงก่อน", "change on the period before")),
        Form("change_pct", Text("ร้อยละการเปลี่ยนจากช่วงก่อน", "change on the period before, %"),
             _PERCENT, 1),
        Form("base_change", Text("เปลี่ยนจากปีฐาน", "change on the base year")),
        Form("base_change_pct", Text("ร้อยละการเปลี่ยนจากปีฐาน", "change on the base year, %"),
             _PERCENT, 1),
        Form("rank", Text("อันดับในกลุ่มเทียบเคียง", "rank among peers"),
             Text("อันดับ", "rank"), 0),
        Form("reporting", Text("ร้อยละที่รายงาน", "share reporting"), _PERCENT, 1),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """An indicator in one of the forms of `FORMS`."""

    indicator: IndicatorInfo
    form: str = "value"

    @property
    def name(self) -> str:
        """As it is written in a question: ``pop_total`` or ``pop_total.share``."""
        key = self.indicator.key
        return key if self.form == "value" else f"{key}.{self.form}"

    @property
    def title(self) -> Text:
        """Name of the indicator, and of the form unless it is the value itself."""
        name, form = self.indicator.name, FORMS[self.form].title
        if self.form == "value":
            return name
        return Text(th=f"{name.th} · {form.th}", en=f"{name.en} · {form.en}")

    @property
    def unit(self) -> Text:
        """Unit of the cells; empty for parts of a ratio, whose units the formula tells."""
        own = FORMS[self.form].unit
        return self.indicator.unit if own is None else own

    @property
    def decimals(self) -> int:
        """How many decimals people are shown."""
        own = FORMS[self.form].decimals
        return self.indicator.decimals if own is None else own


@dataclass(frozen=True, slots=True)
class Top:
    """Only the first (or, ``is_bottom``, the last) rows within each parent, by a measure."""

    count: int
    is_bottom: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was written; nothing of it is known to make sense yet."""

    measures: Sequence[str]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    filter: Filter | None = None
    totals: Sequence[str] = ()
    scheme: str | None = None
    level: str | None = None
    top: int | None = None
    bottom: int | None = None
    by: str | None = None
    sort: str | None = None
    base: str | None = None
    peers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose every name is known.

    ``sort`` names a measure, ``is_falling`` puts its largest first; without it rows stand in
    the order of their codes. ``slices`` are the names of breakdowns that may be asked for.
    """

    measures: tuple[Measure, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    slices: tuple[str, ...]
    filter: Filter | None = None
    row_totals: bool = False
    column_totals: bool = False
    scheme: str = DEFAULT_SCHEME
    level: str | None = None
    top: Top | None = None
    sort: Measure | None = None
    is_falling: bool = False
    base: Period | None = None
    peers: tuple[str, ...] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        """Dimensions of rows and columns."""
        return self.rows + self.columns

    @property
    def indicators(self) -> dict[str, IndicatorInfo]:
        """By key, each once, in the order of the measures."""
        told = [measure.indicator for measure in self._all_measures()]
        return {one.key: one for one in told}

    def _all_measures(self) -> Iterator[Measure]:
        yield from self.measures
        if self.sort is not None:
            yield self.sort


@dataclass(frozen=True, slots=True)
class Names:
    """What may be named: indicators by key (some have values), breakdowns, schemes of regions."""

    indicators: Mapping[str, IndicatorInfo]
    slices: tuple[str, ...]
    schemes: tuple[str, ...]
    valued: frozenset[str] = frozenset()

    @property
    def default_scheme(self) -> str:
        """The grouping meant when none is named."""
        is_usual = DEFAULT_SCHEME in self.schemes or not self.schemes
        return DEFAULT_SCHEME if is_usual else self.schemes[0]


def settle(asked: Asked, names: Names) -> Question:
    """Check a question against the catalogue.

    Parameters
    ----------
    asked : Asked
        As it was written.
    names : Names
        What there is.

    Returns
    -------
    Question
        Its filter is not compiled yet.
    """
    dimensions = (*PLACE_DIMENSIONS, *TIME_DIMENSIONS, *names.slices)
    for axis in ("rows", "columns"):
        for name in getattr(asked, axis):
            known_or_refuse(name, dimensions, axis)
    _check_axes(asked)
    measures = tuple(measure_of(one, names.indicators, "measures") for one in _spread(asked, names))
    _limit(measures, 1, MOST_MEASURES, "measures")
    for total in asked.totals:
        known_or_refuse(total, ("rows", "columns"), "totals")
    if asked.scheme is not None:
        known_or_refuse(asked.scheme, names.schemes, "scheme")
    if asked.level is not None:
        known_or_refuse(asked.level, (*AREA_LEVELS, "org"), "level")
    for trait in asked.peers:
        known_or_refuse(trait, PEER_TRAITS, "peers")
    sort, is_falling = _order(asked, measures, names)
    needs_base = any(one.form.startswith("base_") for one in (*measures, *([sort] if sort else ())))
    if needs_base and asked.base is None:
        refuse(Text("ระบุปีฐานด้วย base เช่น 2560", "Name the base year, such as base=2560"), "base")
    return Question(
        measures=measures,
        rows=tuple(asked.rows),
        columns=tuple(asked.columns),
        slices=names.slices,
        filter=asked.filter,
        row_totals="rows" in asked.totals,
        column_totals="columns" in asked.totals,
        scheme=asked.scheme or names.default_scheme,
        level=asked.level,
        top=_top(asked),
        sort=sort,
        is_falling=is_falling,
        base=None if asked.base is None else parse_period(asked.base),
        peers=tuple(asked.peers),
    )


def measure_of(word: str, known: Mapping[str, IndicatorInfo], parameter: str) -> Measure:
    """Read a measure.

    Parameters
    ----------
    word : str
        ``pop_total`` or ``pop_total.share``.
    known : mapping of str to IndicatorInfo
        The catalogue.
    parameter : str
        For the error.

    Returns
    -------
    Measure
        Its form suits the indicator.
    """
    key, _, form = word.partition(".")
    known_or_refuse(key, known, parameter)
    if form:
        known_or_refuse(form, FORMS, parameter)
    return Measure(known[key], form or "value")


def known_or_refuse(word: str, known: Collection[str], parameter: str) -> None:
    """Refuse a word that is not known here, and name those nearest to it.

    Parameters
    ----------
    word : str
        As it was written.
    known : collection of str
        What would be understood.
    parameter : str
        For the error.
    """
    if word not in known:
        near = get_close_matches(word[:80], known, n=3) or sorted(known)[:12]
        refuse(
            Text(
                th=f"{parameter}: ไม่รู้จัก '{word[:60]}' ที่ใช้ได้ เช่น {', '.join(near)}",
                en=f"{parameter}: '{word[:60]}' is not known; for example {', '.join(near)}",
            ),
            parameter,
            known=list(near),
        )


def check_places(named: Collection[str]) -> None:
    """Refuse to ask for sub-districts and organisations at once.

    Parameters
    ----------
    named : collection of str
        Dimensions on the axes or in the filter.
    """
    if "subdistrict" in named and {"org", *TRAITS} & set(named):
        refuse(
            Text(
                th="อปท. กับตำบลไม่ได้อยู่ในกันและกัน เลือกอย่างใดอย่างหนึ่ง",
                en="Organisations do not lie in sub-districts; ask for one of the two",
            ),
            "rows",
        )


def refuse(detail: Text, parameter: str, **extra: object) -> NoReturn:
    """Refuse a question.

    Parameters
    ----------
    detail : Text
        What is wrong and what to write.
    parameter : str
        Which part of the question.
    **extra : object
        Facts for programs.

    Raises
    ------
    BadParameter
        Always.
    """
    raise BadParameter(detail, parameter=parameter, **extra)


def _check_axes(asked: Asked) -> None:
    axes = [*asked.rows, *asked.columns]
    _limit(axes, 0, MOST_DIMENSIONS, "rows")
    if len(set(axes)) < len(axes):
        refuse(Text("มิติเดียวกันอยู่สองที่", "A dimension stands twice on the axes"), "rows")
    check_places(axes)
    for axis in (asked.rows, asked.columns):
        order = [PLACE_DIMENSIONS.index(one) for one in axis if one in (*AREA_LEVELS, "org")]
        if order != sorted(order):
            refuse(Text("เรียงพื้นที่จากใหญ่ไปเล็ก", "Places go from large to small"), "rows")


# "theme:waste" stands for every indicator of the theme that has values and is no mere part.
def _spread(asked: Asked, names: Names) -> Iterator[str]:
    for word in asked.measures:
        if not word.startswith("theme:"):
            yield word
            continue
        theme = word.removeprefix("theme:")
        themes = {one.theme for one in names.indicators.values()}
        known_or_refuse(theme, themes, "measures")
        chosen = [
            one
            for one in names.indicators.values()
            if one.theme == theme and not one.is_component and one.key in names.valued
        ]
        yield from (one.key for one in chosen[:MOST_MEASURES])


def _order(asked: Asked, measures: Sequence[Measure], names: Names) -> tuple[Measure | None, bool]:
    if asked.top is not None or asked.bottom is not None:
        by = measure_of(asked.by, names.indicators, "by") if asked.by else measures[0]
        return by, asked.bottom is None
    if asked.sort is None:
        return None, False
    word = asked.sort.removeprefix("-")
    return measure_of(word, names.indicators, "sort"), asked.sort.startswith("-")


def _top(asked: Asked) -> Top | None:
    if asked.top is not None and asked.bottom is not None:
        refuse(Text("เลือก top หรือ bottom", "Ask for top or for bottom"), "top")
    count = asked.bottom if asked.top is None else asked.top
    if count is None:
        return None
    if not 1 <= count <= MOST_SHOWN:
        refuse(Text(f"จำนวนอยู่ระหว่าง 1 ถึง {MOST_SHOWN}", f"A number from 1 to {MOST_SHOWN}"), "top")
    return Top(count, is_bottom=asked.top is None)


def _limit(found: Sequence[object], least: int, most: int, parameter: str) -> None:
    if not least <= len(found) <= most:
        refuse(
            Text(f"{parameter}: {least} ถึง {most} ชื่อ", f"{parameter}: {least} to {most} names"),
            parameter,
        )
