"""The panels of a dashboard, filled for a place: what each shows, written for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from geo_service.core.errors import Fault, NotFound
from geo_service.core.text import BUDDHIST_OFFSET, Lang
from geo_service.deps import SessionDep
from layers import forecasts, indicators, thematic
from layers.cube.peers import GROUPS, Peers
from layers.cube.peers import read as read_peers
from layers.forecasts import mapped
from layers.foreseen import PlaceForecast
from layers.indicators import IndicatorInfo
from layers.profile import Line, Profile
from layers.thematic import MapPlace, ThematicMap, Wanted, compare
from layers.words import STATUS_NAMES
from web import charts, figures, legend, thumbnails
from web.dashboards import Dashboard, Panel, aged, cards, rankings, spreads
from web.dashboards.views import BELOW, Asked, Mark, View
from web.place_rows import Row, row_of
from web.profile import title
from web.words import LEVELS, words

#: Kinds of panels that tell where a value is heading.
_HEADING: Final = ("cards", "trend")


class Filling:
    """Fills the panels of one dashboard for one place; each map is built once."""

    def __init__(
        self, session: SessionDep, asked: Asked, profile: Profile, other: Profile | None
    ) -> None:
        self._session, self._asked = session, asked
        self._profile, self._other = profile, other
        self._lines = {line.info.key: line for line in profile.lines}
        self._maps: dict[str, ThematicMap | None] = {}
        self._trends: dict[str, PlaceForecast] = {}
        self._say = words(asked.lang)

    def views(self, dashboard: Dashboard) -> Iterator[View]:
        """Fill every panel.

        Parameters
        ----------
        dashboard : Dashboard
            As its file declares it.

        Yields
        ------
        View
            In the order of the file.
        """
        keys = {key for one in dashboard.panel if one.kind in _HEADING for key in one.keys}
        place = self._profile.place
        self._trends = forecasts.trends(self._session, place.level, place.code, sorted(keys))
        for panel in dashboard.panel:
            yield self.view(panel)

    def view(self, panel: Panel) -> View:
        """Fill one panel.

        Parameters
        ----------
        panel : Panel
            Its declaration.

        Returns
        -------
        View
            Without a body where nothing is known.
        """
        made: View = getattr(self, f"_{panel.kind}")(panel)
        if panel.title is None:
            return made
        return replace(made, title=panel.title[self._asked.lang == "en"])

    def _text(self, panel: Panel) -> View:
        body = panel.text[self._asked.lang == "en"] if panel.text else None
        return View("text", "", "", "", panel.width, "", body)

    def _cards(self, panel: Panel) -> View:
        place, lang = self._profile.place, self._asked.lang
        rows = [
            (
                row_of(line, place, lang),
                self._beside(key),
                cards.signs_of(line, self._trends.get(key), lang),
            )
            for key in panel.indicators
            if (line := self._lines.get(key)) is not None
        ]
        return View("cards", "", "", "", panel.width, "", rows or None)

    def _map(self, panel: Panel) -> View:
        drawn = self._drawn(panel)
        if drawn is None:
            return self._empty(panel)
        marks = tuple(self._marks(drawn, with_paths=True))
        shown = legend.build(drawn, self._asked.lang)
        box = self._outline(drawn).box
        rows = [row for row in shown.rows if row.count]
        return self._of(panel, drawn, (box, [mark for mark in marks if mark.path], rows))

    # Both years as they were, in the same classes; beside the map of what changed.
    def _years(self, panel: Panel) -> View:
        changed = self._drawn(panel) if self._asked.against else None
        if changed is None or changed.against is None:
            return self._empty(panel, self._say["dashboard_pick_year"])
        asked = Wanted(level=changed.level, area=changed.area_code)
        both = [
            thematic.build(self._session, changed.indicator.key, replace(asked, period=one))
            for one in (changed.against, changed.period)
        ]
        drawn = [
            (one.period.label.in_(self._asked.lang),
             [mark for mark in self._marks(one, with_paths=True) if mark.path])
            for one in both
        ]  # fmt: skip
        rows = legend.counts_beside(both[0], both[1], self._asked.lang)
        body = self._outline(changed).box, drawn, rows
        view = self._of(panel, both[-1], body)
        now, both_years = (_when(one, self._asked.lang) for one in (both[-1], changed))
        subtitle = view.subtitle.replace(now, both_years)
        return replace(view, subtitle=subtitle, note=self._note(changed))

    def _ranking(self, panel: Panel) -> View:
        group = self._peers()
        drawn = self._drawn(panel) if group is None else self._among(panel)
        known = [] if drawn is None else [p for p in drawn.places if p.value is not None]
        if group is not None:
            known = [place for place in known if place.code in group.codes]
        if drawn is None or not known:
            return self._empty(panel)
        known.sort(key=lambda place: (-(place.value or 0.0), place.code))
        ranks = rankings.ranks_of(known)
        sure = rankings.how_sure(self._session, drawn, known)
        shown = known[: panel.most]
        of = self._say["dashboard_of"].replace("{n}", str(len(shown)))
        # The place itself, where it is among those ranked but not among the first.
        shown += [place for place in known[panel.most :] if place.code == self._asked.place]
        most = max(abs(place.value or 0.0) for place in known) or 1.0
        most = max(most, *(end for _, end in sure.ends.values()), 0.0)
        marks = [
            replace(
                mark,
                rank=ranks[mark.code],
                share=round(100 * abs(place.value or 0.0) / most, 1),
                ranks=sure.written(mark.code, ranks[mark.code]),
                ends=sure.drawn(mark.code, most),
            )
            for mark, place in zip(self._marks(drawn, shown), shown, strict=True)
        ]
        view = self._of(panel, drawn, marks)
        notes = [of.replace("{of}", f"{len(known):,}")]
        if group is not None:
            said = group.group.in_(self._asked.lang)
            notes.append(self._say["peer_within"].replace("{group}", said))
        notes += [self._say[sure.remark]] if sure.remark else []
        return replace(view, note=" · ".join([*notes, *([view.note] if view.note else [])]))

    def _peers(self) -> Peers | None:
        place, by = self._profile.place, self._asked.peers
        if not by or place.level not in GROUPS:
            return None
        return read_peers(self._session, place.level, place.code, by)

    # Places of the level of the place itself, wherever they lie.
    def _among(self, panel: Panel) -> ThematicMap | None:
        level = self._profile.place.level
        for period in dict.fromkeys((self._asked.period, None)):
            try:
                return thematic.build(
                    self._session, panel.indicator or "", Wanted(level=level, period=period)
                )
            except Fault:
                continue
        return None

    def _distribution(self, panel: Panel) -> View:
        drawn = self._drawn(panel)
        if drawn is None or not drawn.histogram:
            return self._empty(panel)
        marked = spreads.Marked(self._say["profile_median"], *self._own(panel, drawn))
        return self._of(panel, drawn, spreads.spread(drawn, marked, self._asked.lang))

    def _table(self, panel: Panel) -> View:
        maps = [(key, self._build(key)) for key in panel.indicators]
        known = [(key, drawn) for key, drawn in maps if drawn is not None]
        if not known:
            return self._empty(panel)
        level = known[0][1].level
        known = [(key, drawn) for key, drawn in known if drawn.level == level]
        heads = [self._head(drawn) for _, drawn in known]
        columns = [{mark.code: mark for mark in self._marks(drawn)} for _, drawn in known]
        codes = list(dict.fromkeys(code for column in columns for code in column))
        rows = [[column.get(code) for column in columns] for code in codes]
        body = heads, [(next(cell for cell in row if cell is not None), row) for row in rows]
        by = LEVELS[level].in_(self._asked.lang)
        return View("table", self._say["table"], by, "", panel.width, "", body)

    def _ageing(self, panel: Panel) -> View:
        return aged.view(self._session, self._profile, panel, self._asked.lang)

    def _trend(self, panel: Panel) -> View:
        line = self._lines.get(panel.indicator or "")
        if line is None:
            return self._empty(panel)
        info, place = line.info, self._profile.place
        other = self._line_of_other(line.info.key) if self._asked.compare else None
        ahead, remark = self._ahead(info)
        series = [_values(one) for one in (line, other) if one is not None]
        shift = BUDDHIST_OFFSET if self._asked.lang == "th" else 0
        chart = charts.draw(
            series,
            ahead=ahead,
            breaks=[day.year for day in line.breaks],
            from_zero=info.space_agg in {"SUM", "COUNT"},
        )
        dots = chart.lines[0].dots if chart.lines else ()
        if not dots:
            return self._empty(panel)
        if len(dots) == 1:
            year = str(dots[0][2] + shift)
            return self._empty(panel, self._say["dashboard_one_year"].replace("{year}", year))
        address = f"/forecasts/{info.key}?place={place.code}&f=html&lang={self._asked.lang}"
        names = [title(place, self._asked.lang)]
        names += [title(self._other.place, self._asked.lang)] if other and self._other else []
        return View(
            "trend", info.name.in_(self._asked.lang), info.unit.in_(self._asked.lang), remark,
            panel.width, address if ahead else "",
            (chart, names, shift, max(info.decimals, chart.decimals)),
        )  # fmt: skip

    # ---- what panels are filled with -------------------------------------------------------

    def _drawn(self, panel: Panel) -> ThematicMap | None:
        return self._build(panel.indicator or "")

    def _build(self, key: str) -> ThematicMap | None:
        if key not in self._maps:
            self._maps[key] = next(self._tries(key), None)
        return self._maps[key]

    # What lies in the place; where that has no values, the place among those beside it.
    def _tries(self, key: str) -> Iterator[ThematicMap]:
        place, within = self._profile.place, self._profile.within
        around = within[-1].code if within else None
        wanted: list[tuple[str, str | None]] = []
        if place.level in BELOW:
            wanted.append((BELOW[place.level], place.code))
        if place.level not in {"country", "region"}:
            wanted.append((place.level, around))
        wanted.append(("province", None))
        for level, area in wanted:
            for period in dict.fromkeys((self._asked.period, None)):
                try:
                    yield self._of_period(key, Wanted(level=level, area=area, period=period))
                except Fault:
                    continue

    # Of one period, or of what changed since another.
    def _of_period(self, key: str, wanted: Wanted) -> ThematicMap:
        if self._asked.against is None:
            return thematic.build(self._session, key, wanted)
        return compare.build(self._session, key, wanted, against=self._asked.against)

    def _marks(
        self, drawn: ThematicMap, places: list[MapPlace] | None = None, *, with_paths: bool = False
    ) -> Iterator[Mark]:
        lang, info = self._asked.lang, figures.with_digits(drawn).indicator
        paths = dict(self._outline(drawn).paths) if with_paths else {}
        for place in drawn.places if places is None else places:
            index = legend.class_of(place, drawn.classes)
            entry = None if index is None else drawn.classes[index]
            is_known = place.value is not None
            yield Mark(
                code=place.code,
                name=place.name.in_(lang),
                value=_signed(drawn, place.value, figures.figure(place.value, info, lang))
                if is_known
                else STATUS_NAMES[place.status].in_(lang),
                fill=legend.fill_of(entry) if entry else "#e3e7ec",
                shade=-1 if index is None else index,
                address=self._asked.address(place=place.code)
                if drawn.level != "org"
                else f"/places/{place.code}?f=html&lang={lang}",
                path=paths.get(place.code, ""),
                is_own=place.code == self._asked.place,
            )

    def _outline(self, drawn: ThematicMap) -> thumbnails.Outline:
        places = {place.id: place.code for place in drawn.places}
        return thumbnails.outline(self._session, places, drawn.level)

    def _of(self, panel: Panel, drawn: ThematicMap, body: object) -> View:
        lang, info = self._asked.lang, drawn.indicator
        area = f"&area={drawn.area_code}" if drawn.area_code else ""
        return View(
            kind=panel.kind,
            title=info.name.in_(lang),
            subtitle=" · ".join(
                (info.unit.in_(lang), LEVELS[drawn.level].in_(lang), _when(drawn, lang))
            ),
            note=self._note(drawn),
            width=panel.width,
            more=f"/maps/{info.key}?level={drawn.level}&period={drawn.period.key}{area}"
            f"{f'&compare={drawn.against.key}' if drawn.against else ''}&lang={lang}",
            body=body,
        )

    def _note(self, drawn: ThematicMap) -> str:
        notes = []
        if drawn.against is not None and drawn.breaks_note is not None:
            notes.append(drawn.breaks_note.in_(self._asked.lang))
        below = BELOW.get(self._profile.place.level)
        if below is not None and drawn.level != below:
            by = LEVELS[drawn.level].in_(self._asked.lang)
            notes.append(self._say["dashboard_coarser"].replace("{level}", by))
        if drawn.reporting < drawn.expected:
            notes.append(
                self._say["profile_reporting"]
                .replace("{reporting}", f"{drawn.reporting:,}")
                .replace("{expected}", f"{drawn.expected:,}")
            )
        return " · ".join(notes)

    # Nothing to show: the note says why.
    def _empty(self, panel: Panel, why: str = "") -> View:
        note = why or self._say["dashboard_nothing"]
        return View(panel.kind, self._heading(panel.keys[0]), "", note, panel.width, "", None)

    def _heading(self, key: str) -> str:
        line = self._lines.get(key)
        drawn = self._maps.get(key)
        info = line.info if line else drawn.indicator if drawn else None
        try:
            found = info or indicators.read(self._session, key)
        except NotFound:
            return key
        return found.name.in_(self._asked.lang)

    def _head(self, drawn: ThematicMap) -> tuple[str, str, str]:
        lang, info = self._asked.lang, drawn.indicator
        return info.name.in_(lang), info.unit.in_(lang), _when(drawn, lang)

    def _own(self, panel: Panel, drawn: ThematicMap) -> tuple[str, float | None]:
        place = self._profile.place
        value = drawn.total.value if drawn.total else None
        if drawn.area_code != place.code and place.level != "country":
            value = next((p.value for p in drawn.places if p.code == place.code), None)
        line = self._lines.get(panel.indicator or "")
        if line is not None and line.info.space_agg in {"SUM", "COUNT"} and drawn.level in BELOW:
            value = next((p.value for p in drawn.places if p.code == place.code), None)
        return title(place, self._asked.lang), value

    def _beside(self, key: str) -> Row | None:
        line = self._line_of_other(key)
        if line is None or self._other is None:
            return None
        return row_of(line, self._other.place, self._asked.lang)

    def _line_of_other(self, key: str) -> Line | None:
        lines = self._other.lines if self._other else ()
        return next((line for line in lines if line.info.key == key), None)

    def _ahead(self, info: IndicatorInfo) -> tuple[list[charts.Band], str]:
        row = self._trends.get(info.key)
        coming = mapped.coming(self._session, info.key, self._profile.place.level) if row else ()
        bands = [
            charts.Band(one.period.year_ce, one.point, one.low80, one.high80, one.low95, one.high95)
            for one in (forecasts.ahead_of(row, coming) if row else ())
        ]
        return bands, self._say["dashboard_fan"] if bands else self._say["dashboard_no_forecast"]


def _when(drawn: ThematicMap, lang: Lang) -> str:
    now = drawn.period.label.in_(lang)
    return now if drawn.against is None else f"{drawn.against.label.in_(lang)} → {now}"


# A difference says which way it goes; the minus comes with the number.
def _signed(drawn: ThematicMap, value: float | None, written: str) -> str:
    return f"+{written}" if drawn.against is not None and (value or 0.0) > 0 else written


def _values(line: Line) -> list[charts.Value]:
    return [charts.Value(point.period.year_ce, point.value) for point in line.history]
