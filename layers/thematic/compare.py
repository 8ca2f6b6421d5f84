"""What changed between two periods: a thematic map of differences, around zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy.orm import Session

from geo_service.core.errors import BadParameter
from geo_service.core.known import shelved
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import thematic
from layers.analysis import classify, ramps
from layers.indicators import IndicatorInfo
from layers.thematic.choices import Wanted, period_of
from layers.thematic.map import MapClass, MapPlace, Scheme, Status, ThematicMap
from layers.thematic.words import LEVELS, SPECIAL, class_labels

#: A difference of two shares in per cent is no per cent of anything.
POINTS = Text(th="จุดร้อยละ", en="percentage points")
CHANGE = Text(th="การเปลี่ยนแปลงของ{name.th}", en="Change in {name.en}")
TITLE = Text(
    th="{name.th} {by.th} จาก {before.th} ถึง {now.th}",
    en="{name.en} {by.en}, {before.en} to {now.en}",
)
METHOD = Text(
    th="ค่าของ {now.th} ลบด้วยค่าของ {before.th} แบ่งสองข้างของศูนย์",
    en="Values of {now.en} less those of {before.en}, classed on the two sides of zero",
)
BROKEN = Text(
    th="นิยามของข้อมูลเปลี่ยนระหว่างสองงวดนี้ ผลต่างจึงอาจไม่ใช่การเปลี่ยนแปลงจริง",
    en="The series changed its meaning between these periods: the difference may be no real change",
)
SAME = Text(th="เท่าเดิม", en="no change")
#: Neither more nor less: what stands between the two arms of the ramp.
MIDDLE_COLOUR = "#f7f7f7"
#: Numbers of which one lacks make a difference lack; the worst of the two is said.
WORST: tuple[Status, ...] = ("suppressed", "not_applicable", "not_reported")
AFTER = {
    "not_reported": ramps.NOT_REPORTED_COLOUR,
    "not_applicable": ramps.NOT_APPLICABLE_COLOUR,
    "suppressed": ramps.SUPPRESSED_COLOUR,
}
#: Values closer than this share of the greater one are the same number.
SAME_SHARE = 1e-12


def build(session: Session, key: str, wanted: Wanted, *, against: Period | str) -> ThematicMap:
    """Build a map of the differences between two periods.

    Parameters
    ----------
    session : Session
        Only read.
    key : str
        Key of the indicator.
    wanted : Wanted
        What the map shows; ``policy`` limits mean nothing to differences.
    against : Period or str
        The period that is taken away, as people write it.

    Returns
    -------
    ThematicMap
        Values are those of the period less those of ``against``, in the indicator's unit
        (percentage points for shares). A place without a number in one of them has none.

    Raises
    ------
    NotFound
        If there is no such indicator, area, period or value.
    BadParameter
        If the values are classes, which have no difference, or a choice makes no sense.
    """
    fitting = replace(wanted, scheme=None) if wanted.scheme == "policy" else wanted
    now = thematic.build(session, key, fitting)
    if now.indicator.space_agg == "RECLASSIFY":
        raise BadParameter(
            Text(
                th="ตัวชี้วัดนี้เป็นระดับชั้น จึงหาผลต่างระหว่างสองงวดไม่ได้",
                en="This indicator is a class, which has no difference between two periods",
            ),
            parameter="compare",
        )
    earlier = period_of(now.indicator, now.periods, against)
    before = thematic.build(session, key, replace(fitting, period=earlier))
    method: Scheme = now.scheme if fitting.scheme else "quantile"
    return shelved(
        session,
        ("map-change", key, fitting, now.period, before.period),
        lambda: _difference(now, before, method, wanted.classes),
        thematic.size_bytes,
    )


def _difference(now: ThematicMap, before: ThematicMap, method: Scheme, classes: int) -> ThematicMap:
    info = _of_change(now.indicator)
    old = {place.id: place for place in before.places}
    changed = [_changed(place, old.get(place.id)) for place in now.places]
    made, places = _classed(info, changed, method, classes)
    counted = [place for place in places if place.status != "not_applicable"]
    known = np.array([p.value for p in places if p.value is not None], dtype=np.float64)
    ends = (known.min(), known.max()) if known.size else ()
    return replace(
        now,
        indicator=info,
        scheme=method,
        method=METHOD.format(**_said(now, before)),
        classes=made,
        places=places,
        total=_changed(now.total, before.total) if now.total else None,
        histogram=classify.histogram(known, ends, thematic.HISTOGRAM_BINS) if ends else (),
        reporting=sum(place.has_reported for place in counted),
        expected=len(counted),
        sources=tuple(dict.fromkeys((*now.sources, *before.sources))),
        breaks_note=_broken(now, before.period),
        title=TITLE.format(**_said(now, before)),
        notes=tuple(dict.fromkeys((*now.notes, *before.notes))),
        against=before.period,
    )


def _said(now: ThematicMap, before: ThematicMap) -> dict[str, Text]:
    by, within = LEVELS[now.level], now.area_name
    return {
        "name": _of_change(now.indicator).name,
        "by": Text(f"{by.th} {within.th}", f"{by.en}, {within.en}") if within else by,
        "before": before.period.label,
        "now": now.period.label,
    }


def _of_change(info: IndicatorInfo) -> IndicatorInfo:
    name = Text(info.name.th, _low(info.name.en))
    unit = POINTS if info.unit.en == "%" else info.unit
    return replace(info, name=CHANGE.format(name=name), unit=unit, thresholds=(), target=None)


def _low(name: str) -> str:
    # "Waste generated" in a sentence, but "ADL screening", "LPA score"
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _changed(now: MapPlace, before: MapPlace | None) -> MapPlace:
    value, status = None, _status(now, before)
    if status == "reported" and before is not None:
        value = (now.value or 0.0) - (before.value or 0.0)
        if abs(value) <= SAME_SHARE * max(abs(now.value or 0.0), abs(before.value or 0.0)):
            value, status = 0.0, "zero"
    return replace(
        now,
        value=value, numerator=None, denominator=None, status=status, class_index=None,
        rank=None, rank_of=None, previous=None, basis="",
        flags=tuple(dict.fromkeys((*now.flags, *(before.flags if before else ())))),
    )  # fmt: skip


def _status(now: MapPlace, before: MapPlace | None) -> Status:
    if before is None:
        return "not_reported"
    for status in WORST:
        if status in {now.status, before.status}:
            return status
    return "not_reported" if now.value is None or before.value is None else "reported"


def _classed(
    info: IndicatorInfo, changed: Sequence[MapPlace], method: Scheme, classes: int
) -> tuple[tuple[MapClass, ...], tuple[MapPlace, ...]]:
    values = np.array([p.value for p in changed if p.status == "reported"], dtype=np.float64)
    edges = _edges(values, method, classes, info.decimals)
    in_class = classify.class_of(values, edges).tolist() if edges else []
    ranges = _ranges(info, edges, in_class)
    below = sum(edge < 0 for edge in edges[:-1])
    zeros = sum(place.status == "zero" for place in changed)
    # what did not change stands between the two arms
    middle = [MapClass("zero", None, None, MIDDLE_COLOUR, SAME, zeros)] if zeros else []
    counts = {kind: sum(place.status == kind for place in changed) for kind in AFTER}
    special = [
        MapClass(kind, None, None, AFTER[kind], SPECIAL[kind], count)
        for kind, count in counts.items()
        if count
    ]
    made = (*ranges[:below], *middle, *ranges[below:], *special)
    at = {entry.kind: position for position, entry in enumerate(made)}
    shift = len(middle)
    following = iter(in_class)
    ranks = _ranks(changed)
    known = sum(place.value is not None for place in changed)
    places = []
    for place in changed:
        index = at.get(place.status)
        if place.status == "reported":
            index = next(following)
            index += shift if index >= below else 0
        rank = ranks.get(place.id)
        places.append(replace(place, class_index=index, rank=rank, rank_of=known if rank else None))
    return made, tuple(places)


def _edges(
    values: classify.Values, method: Scheme, classes: int, decimals: int
) -> tuple[float, ...]:
    if values.size == 0:
        return ()
    # differences that are written alike are cut alike
    values = np.round(values, decimals + 2)
    low, high = float(values.min()), float(values.max())
    if low < 0 <= high:
        # zero itself is a class of its own, so an upper arm of nothing but zero cannot be
        return classify.breaks(values, method, classes, centre=0.0, decimals=decimals)
    return classify.breaks(values, method, min(classes, ramps.MOST_A_SIDE), decimals=decimals)


def _ranges(
    info: IndicatorInfo, edges: tuple[float, ...], in_class: Sequence[int]
) -> list[MapClass]:
    if not edges:
        return []
    count = len(edges) - 1
    below = sum(edge < 0 for edge in edges[:-1])
    colours = ramps.diverging(below, count - below, high_is_good=info.direction >= 0)
    labels = class_labels(edges, info, with_names=False)
    return [
        MapClass("range", edges[n], edges[n + 1], colours[n], labels[n], in_class.count(n))
        for n in range(count)
    ]


def _ranks(changed: Sequence[MapPlace]) -> dict[int, int]:
    known = sorted((p for p in changed if p.value is not None), key=lambda p: -(p.value or 0.0))
    ranks: dict[int, int] = {}
    for position, place in enumerate(known, start=1):
        tied = position > 1 and known[position - 2].value == place.value
        ranks[place.id] = ranks[known[position - 2].id] if tied else position
    return ranks


def _broken(now: ThematicMap, before: Period) -> Text | None:
    first, last = sorted((now.period, before), key=lambda period: period.end)
    is_broken = any(first.end < day <= last.end for day in now.breaks)
    if not is_broken:
        return None
    note = now.breaks_note or Text("", "")
    return Text(th=f"{BROKEN.th} {note.th}".strip(), en=f"{BROKEN.en}. {note.en}".strip())
