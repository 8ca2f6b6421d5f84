"""Which indicators a scenario needs: those that are drawn, and those that are made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from geo_service.core.errors import BadScenario
from geo_service.core.text import Text
from layers.analysis.formula import (
    GROUND,
    Formula,
    FormulaError,
    evaluate,
    keys_of,
    parse,
    unit_of,
)
from layers.analysis.scenario import Array, weighted_sum
from layers.analysis.scenario import ratio as divided
from layers.analysis.units import parse_unit
from layers.indicators import IndicatorInfo
from layers.scenarios.document import LAST_VALUE, Count, Document, Lever
from layers.value_rules import AMOUNTS

Catalogue = Mapping[str, IndicatorInfo]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is calculated: ``drawn`` come from forecasts.

    Those that are ``optional`` are needed for counts alone and stay as they were last where
    they have no forecast. ``outcomes`` are shown.
    """

    catalogue: Catalogue
    outcomes: tuple[str, ...]
    drawn: tuple[str, ...]
    optional: tuple[str, ...]
    formulas: Mapping[str, Formula]

    def value(self, key: str, values: Mapping[str, Array]) -> Array:
        """Calculate an indicator from those it is made from.

        Parameters
        ----------
        key : str
            Of the indicator.
        values : mapping of str to ndarray
            Of those that are drawn, and the ground.

        Returns
        -------
        ndarray
            A ratio is recomputed from its sums.
        """
        info = self.catalogue[key]
        if is_ratio(info):
            above = weighted_sum(self._all(info.numerators, values), info.numerators)
            below = self._all([info.denominator_key or ""], values)[info.denominator_key or ""]
            return divided(above, below, info.factor)
        if info.space_agg == "FORMULA":
            formula = self.formulas[key]
            found = evaluate(formula, self._all(keys_of(formula), values))
            return found if not isinstance(found, float) else values[self.drawn[0]] * 0 + found
        return values[key]

    def adds_up(self, key: str) -> bool:
        """Whether an indicator has a value for several places together.

        Returns
        -------
        bool
            Amounts, and what is calculated from amounts alone.
        """
        info = self.catalogue[key]
        if info.space_agg in AMOUNTS:
            return True
        return (is_ratio(info) or info.space_agg == "FORMULA") and all(
            map(self.adds_up, info.parts)
        )

    def _all(
        self, keys: Sequence[str] | Mapping[str, float], values: Mapping[str, Array]
    ) -> dict[str, Array]:
        return {key: values[key] if key == GROUND else self.value(key, values) for key in keys}


def is_ratio(info: IndicatorInfo) -> bool:
    """Tell whether an indicator is one sum of others over another.

    Parameters
    ----------
    info : IndicatorInfo
        From the catalogue.

    Returns
    -------
    bool
        A ratio whose parts only came with its observations is not.
    """
    return info.space_agg == "RATIO" and bool(info.numerator_keys) and bool(info.denominator_key)


def plan(document: Document, catalogue: Catalogue) -> Plan:
    """Find out what a scenario needs, and refuse one that cannot be.

    Parameters
    ----------
    document : Document
        As it was written.
    catalogue : mapping of str to IndicatorInfo
        All that is measured.

    Returns
    -------
    Plan
        Names checked; whether there are forecasts is seen later.

    Raises
    ------
    BadScenario
        If an indicator is unknown, or a lever or a count makes no sense; all faults at once.
    """
    faults = [*_unknown(document, catalogue)]
    if faults:
        refuse(faults)
    for lever in document.levers:
        faults += _lever_faults(lever, catalogue[lever.indicator])
    for count in document.counts:
        faults += _count_faults(count, catalogue)
    asked = dict.fromkeys((*document.outcomes, *(one.indicator for one in document.levers)))
    counted = dict.fromkeys(key for one in document.counts for key in _keys(one))
    for key in (*asked, *counted):
        faults += _class_faults(catalogue[key])
    if faults:
        refuse(faults)
    formulas = {
        key: parse(info.formula) for key, info in catalogue.items() if info.space_agg == "FORMULA"
    }
    drawn = dict.fromkeys(leaf for key in asked for leaf in leaves(key, catalogue))
    optional = dict.fromkeys(leaf for key in counted for leaf in leaves(key, catalogue))
    outcomes = document.outcomes or _followers(document, catalogue, set(drawn))
    return Plan(
        catalogue, outcomes, tuple(drawn), tuple(key for key in optional if key not in drawn),
        formulas,
    )  # fmt: skip


def refuse(faults: Sequence[Text]) -> NoReturn:
    """Refuse a scenario, naming all that is wrong with it.

    Parameters
    ----------
    faults : sequence of Text
        At least one.

    Raises
    ------
    BadScenario
        Always.
    """
    raise BadScenario(
        Text(th="; ".join(one.th for one in faults), en="; ".join(one.en for one in faults))
    )


def count_formulas(count: Count) -> tuple[Formula, Formula | None]:
    """Read the two formulas of a count.

    Parameters
    ----------
    count : Count
        Checked.

    Returns
    -------
    tuple of (Formula, Formula or None)
        The second is None where the limit is each place's own last value, and for facilities.
    """
    has_none = bool(count.layer) or count.above == LAST_VALUE
    return parse(count.value), None if has_none else parse(count.above)


# What is looked at when nothing is named: what a lever is on, and the amounts it acts through.
def _followers(document: Document, catalogue: Catalogue, drawn: set[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for lever in document.levers:
        info = catalogue[lever.indicator]
        if is_ratio(info):
            found |= dict.fromkeys(info.numerators)
        found[lever.indicator] = None
    return tuple(key for key in found if set(leaves(key, catalogue)) <= drawn)


def leaves(key: str, catalogue: Catalogue) -> Iterator[str]:
    """List what an indicator is calculated from in the end.

    Parameters
    ----------
    key : str
        Of the indicator.
    catalogue : mapping of str to IndicatorInfo
        All that is measured.

    Yields
    ------
    str
        Keys of indicators that are reported; itself, if it is one.
    """
    info = catalogue[key]
    if is_ratio(info) or info.space_agg == "FORMULA":
        for part in info.parts:
            yield from leaves(part, catalogue)
    else:
        yield key


def _keys(count: Count) -> tuple[str, ...]:
    value, above = count_formulas(count)
    return (*keys_of(value), *(keys_of(above) if above is not None else ()))


def _unknown(document: Document, catalogue: Catalogue) -> Iterator[Text]:
    named = [*document.outcomes, *(one.indicator for one in document.levers)]
    for count in document.counts:
        try:
            named += _keys(count)
        except FormulaError as error:
            yield Text(
                th=f"counts: สูตรอ่านไม่ได้ที่ '{error.about}'",
                en=f"counts: the formula cannot be read at '{error.about}'",
            )
    for key in dict.fromkeys(named):
        if key not in catalogue:
            yield Text(th=f"ไม่มีตัวชี้วัด '{key}'", en=f"there is no indicator '{key}'")
    for lever in document.levers:
        group = lever.where.text
        if lever.where.kind == "group" and group not in document.groups:
            yield Text(th=f"ไม่มีกลุ่ม '{group}'", en=f"there is no group '{group}'")


def _lever_faults(lever: Lever, info: IndicatorInfo) -> Iterator[Text]:
    if lever.kind == "multiply" and lever.amount <= 0:
        yield _about(lever, "ตัวคูณต้องมากกว่าศูนย์", "a factor is above zero")
    if lever.full < lever.start:
        yield _about(lever, "ปีสิ้นสุด (to) อยู่ก่อนปีเริ่ม (from)", "'to' lies before 'from'")
    if info.bounds is not None and lever.kind == "target":
        low, high = info.bounds
        if not low <= lever.amount <= high:
            yield _about(
                lever,
                f"เป้าหมายอยู่นอกช่วง {low:g}-{high:g}",
                f"the target is outside of {low:g} to {high:g}",
            )
    if info.space_agg == "FORMULA":
        yield _about(
            lever,
            f"คำนวณด้วยสูตร ให้ตั้งคันโยกที่ {', '.join(info.parts)}",
            f"it is calculated by a formula; put the lever on {', '.join(info.parts)}",
        )
    if is_ratio(info) and min(info.numerators.values()) <= 0:
        yield _about(
            lever,
            f"ตัวตั้งมีการลบ ให้ตั้งคันโยกที่ {', '.join(info.numerators)}",
            f"its numerator is a difference; put the lever on {', '.join(info.numerators)}",
        )


def _count_faults(count: Count, catalogue: Catalogue) -> Iterator[Text]:
    value, above = count_formulas(count)
    units = {key: parse_unit(catalogue[key].unit.en) for key in _keys(count)}
    try:
        measured = unit_of(value, units)
        limit = measured if above is None else unit_of(above, units)
    except FormulaError as error:
        yield Text(
            th=f"counts: หน่วยบวกกันไม่ได้ ({error.about})",
            en=f"counts: the units cannot be added ({error.about})",
        )
        return
    if measured.dimension != limit.dimension or measured.scale != limit.scale:
        yield Text(
            th=f"counts: เทียบ {measured} กับ {limit} ไม่ได้",
            en=f"counts: {measured} cannot be compared with {limit}",
        )


def _class_faults(info: IndicatorInfo) -> Iterator[Text]:
    if info.space_agg == "RECLASSIFY":
        yield Text(th=f"{info.key}: เป็นระดับชั้น", en=f"{info.key}: it is a class")


def _about(lever: Lever, th: str, en: str) -> Text:
    return Text(th=f"{lever.indicator}: {th}", en=f"{lever.indicator}: {en}")
