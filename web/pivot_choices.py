"""What a reader may change on the pivot page, each choice as an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from geo_service.core.periods import Period
from geo_service.core.text import Lang, Text
from geo_service.deps.cube import CubeForm
from layers.cql2.tree import Call, Literal, Name
from layers.cube import Table
from layers.cube.query import (
    AREA_LEVELS,
    DIMENSION_NAMES,
    FORMS,
    PLACE_DIMENSIONS,
    TIME_DIMENSIONS,
    Measure,
    Names,
)
from layers.words import THEME_NAMES

#: What clicking on a place opens: the level below it.
_BELOW: Final = {
    "country": "region", "region": "province", "province": "district", "district": "subdistrict",
}  # fmt: skip
_WORDS: Final = re.compile(r"'(?:''|[^'])*'|[()]|\b\w+\b")
_TOPS: Final = (5, 10, 20, 50)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a list: its words, the address it leads to, whether it is the one made."""

    words: str
    address: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A dimension or measure that was chosen, and the addresses that change it."""

    name: str
    words: str
    without: str
    moved: str = ""
    forms: tuple[Option, ...] = ()


def dimension(name: str, lang: Lang) -> str:
    """Name a dimension.

    Parameters
    ----------
    name : str
        As questions write it.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        The name itself where nobody gave it words.
    """
    return DIMENSION_NAMES.get(name, Text(name, name)).in_(lang)


class Choices:
    """The choices of one page; every one is an address."""

    def __init__(
        self,
        form: CubeForm,
        lang: Lang,
        names: Names,
        known: Mapping[tuple[str, str], Sequence[Period]],
        table: Table,
        schemes: Mapping[str, Text],
    ) -> None:
        self._schemes = schemes
        self._form, self._lang, self._names, self._known = form, lang, names, known
        self._table, self._question = table, table.question
        self.filter = form.words.get("filter", "")
        self.kept = [(name, text) for name, text in form.words.items() if "filter" not in name]

    def to(self, **changed: str | None) -> str:
        """Write the address of this question with something changed.

        Parameters
        ----------
        **changed : str or None
            Parameters; ``None`` leaves one out.

        Returns
        -------
        str
            Of the page.
        """
        return self._form.address(lang=self._lang, f="html", **changed)

    @property
    def measures(self) -> list[Chip]:
        """Measures chosen, with the forms each may have."""
        chosen = [one.name for one in self._question.measures]
        found = []
        for place, one in enumerate(self._question.measures):
            rest = [name for number, name in enumerate(chosen) if number != place]
            forms = tuple(
                Option(
                    form.title.in_(self._lang),
                    self._with(chosen, place, Measure(one.indicator, form.name).name),
                    form.name == one.form,
                )
                for form in FORMS.values()
            )
            without = self.to(measures=",".join(rest), sort=None, by=None) if rest else ""
            found.append(Chip(one.name, one.indicator.name.in_(self._lang), without, "", forms))
        return found

    @property
    def more_measures(self) -> list[tuple[str, list[Option]]]:
        """Indicators that may be added, by theme."""
        chosen = [one.name for one in self._question.measures]
        valued = {key for key, _ in self._known}
        found: dict[str, list[Option]] = {}
        for one in self._names.indicators.values():
            if one.key in chosen or one.key not in valued:
                continue
            address = self.to(measures=",".join([*chosen, one.key]))
            found.setdefault(one.theme, []).append(Option(one.name.in_(self._lang), address))
        return [(THEME_NAMES[theme].in_(self._lang), options) for theme, options in found.items()]

    @property
    def rows(self) -> list[Chip]:
        """Dimensions of the rows."""
        return list(self._chips("rows", "columns"))

    @property
    def columns(self) -> list[Chip]:
        """Dimensions of the columns."""
        return list(self._chips("columns", "rows"))

    @property
    def more_rows(self) -> list[Option]:
        """Dimensions that may be added to the rows."""
        return list(self._more("rows"))

    @property
    def more_columns(self) -> list[Option]:
        """Dimensions that may be added to the columns."""
        return list(self._more("columns"))

    @property
    def schemes(self) -> list[Option]:
        """Groupings of regions, where regions are asked for."""
        if "region" not in {*self._question.axes} and "region" not in self.filter:
            return []
        return [
            Option(
                self._schemes[one].in_(self._lang) if one in self._schemes else one,
                self.to(scheme=one),
                one == self._question.scheme,
            )
            for one in self._names.schemes
        ]

    @property
    def totals(self) -> list[Option]:
        """Totals of rows and of columns, each to be turned on or off."""
        now = {"rows": self._question.row_totals, "columns": self._question.column_totals}
        told = {"rows": Text("ผลรวมของแถว", "Totals of rows"),
                "columns": Text("ผลรวมของคอลัมน์", "Totals of columns")}  # fmt: skip
        found = []
        for name, is_on in now.items():
            kept = [one for one in now if (not is_on if one == name else now[one])]
            found.append(Option(told[name].in_(self._lang), self.to(totals=",".join(kept)), is_on))
        return found

    @property
    def tops(self) -> list[Option]:
        """How many rows are shown."""
        chosen = self._question.top
        every = Option(Text("ทุกแถว", "All rows").in_(self._lang),
                       self.to(top=None, bottom=None, by=None), chosen is None)  # fmt: skip
        found = [every]
        for count in _TOPS:
            for name, told in (("top", Text("มากสุด", "Top")), ("bottom", Text("น้อยสุด", "Bottom"))):
                other = "bottom" if name == "top" else "top"
                is_chosen = (
                    chosen is not None
                    and chosen.count == count
                    and chosen.is_bottom == (name == "bottom")
                )
                address = self.to(**{name: str(count), other: None, "sort": None})
                found.append(Option(f"{told.in_(self._lang)} {count}", address, is_chosen))
        return found

    @property
    def trail(self) -> list[Option]:
        """The places that were opened, the way back up."""
        found = []
        conditions = list(self._equalities())
        for name, code in conditions:
            text = self._table.places.member(name, code).in_(self._lang)
            at = AREA_LEVELS.index(name)
            kept = [(one, key) for one, key in conditions if AREA_LEVELS.index(one) < at]
            rows = self._swapped(name)
            found.append(Option(text, self._narrowed(kept, rows)))
        return found

    @property
    def example(self) -> str:
        """A filter to begin with."""
        return "each(waste_gen_rate > 1.2, '2563/2565') AND pop_total(2564) > 100000"

    def into(self, name: str, code: str) -> str:
        """Write the address that opens a place: its smaller places, and nothing else.

        Parameters
        ----------
        name : str
            A dimension.
        code : str
            A member of it.

        Returns
        -------
        str
            Empty where nothing lies below.
        """
        below = _BELOW.get(name)
        has_values = any((key, below) in self._known for key in self._question.indicators)
        if below is None or not has_values:
            return ""
        kept = [
            (one, key)
            for one, key in self._equalities()
            if AREA_LEVELS.index(one) < AREA_LEVELS.index(name) and name != "region"
        ]
        rows = [one for one in self._question.rows if one not in {*AREA_LEVELS, "org"}]
        return self._narrowed([*kept, (name, code)], [below, *rows])

    def sorted_by(self, measure: Measure) -> str:
        """Write the address that sorts by a measure, and by it the other way round.

        Parameters
        ----------
        measure : Measure
            Of the question.

        Returns
        -------
        str
            Largest first, unless it is so already.
        """
        is_so = self._question.sort == measure and self._question.is_falling
        return self.to(sort=f"{'' if is_so else '-'}{measure.name}", top=None, bottom=None, by=None)

    def _with(self, chosen: Sequence[str], place: int, name: str) -> str:
        told = [name if number == place else one for number, one in enumerate(chosen)]
        return self.to(measures=",".join(told), sort=None, by=None)

    def _chips(self, axis: str, other: str) -> Iterator[Chip]:
        own, others = list(getattr(self._question, axis)), list(getattr(self._question, other))
        for name in own:
            rest = [one for one in own if one != name]
            moved = {axis: ",".join(rest), other: ",".join(_ordered([*others, name]))}
            yield Chip(
                name,
                dimension(name, self._lang),
                self.to(**{axis: ",".join(rest)}),
                self.to(**moved),
            )

    def _more(self, axis: str) -> Iterator[Option]:
        own, axes = list(getattr(self._question, axis)), self._question.axes
        usable = set()
        for key in self._question.indicators:
            usable |= {level for one, level in self._known if one == key}
        for name in (*PLACE_DIMENSIONS, *TIME_DIMENSIONS, *self._names.slices):
            level = "org" if name in {"tier", "kind", "size", "peers"} else name
            if name in axes or (name in PLACE_DIMENSIONS and level not in usable):
                continue
            if "subdistrict" in axes and level == "org":
                continue
            address = self.to(**{axis: ",".join(_ordered([*own, name]))})
            yield Option(dimension(name, self._lang), address)

    # Places narrowed down to by "dimension = 'code'", joined by AND.
    def _equalities(self) -> Iterator[tuple[str, str]]:
        asked = self._question.filter
        tree = None if asked is None else asked.tree
        nodes: Sequence[Any] = tree.args if isinstance(tree, Call) and tree.op == "and" else (tree,)
        for node in nodes:
            if not isinstance(node, Call) or node.op != "=":
                continue
            left, right = node.args
            if isinstance(left, Name) and isinstance(right, Literal) and left.name in AREA_LEVELS:
                yield left.name, str(right.value)

    def _narrowed(self, places: Sequence[tuple[str, str]], rows: Sequence[str]) -> str:
        parts = [f"{name} = '{code}'" for name, code in places]
        parts += self._other_parts()
        return self.to(
            rows=",".join(rows), filter=" AND ".join(parts) or None, filter_lang=None, level=None
        )

    # What the filter says besides; only text can be taken apart and put together again.
    def _other_parts(self) -> list[str]:
        if self._form.words.get("filter-lang") or not self.filter:
            return []
        mine = {f"{name}='{code}'" for name, code in self._equalities()}
        return [part for part in _parts(self.filter) if part.replace(" ", "") not in mine]

    def _swapped(self, level: str) -> list[str]:
        rows = [one for one in self._question.rows if one not in {*AREA_LEVELS, "org"}]
        return [level, *rows]


# Takes a filter apart where AND joins conditions: not in brackets, texts or BETWEEN.
def _parts(text: str) -> list[str]:
    found, begun, depth, is_between = [], 0, 0, False
    for word in _WORDS.finditer(text):
        sign = word.group().upper()
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "AND" and depth == 0 and not is_between:
            found.append(text[begun : word.start()].strip())
            begun = word.end()
        if sign in {"BETWEEN", "AND"} and depth == 0:
            is_between = sign == "BETWEEN"
    return [*found, text[begun:].strip()]


def _ordered(names: Sequence[str]) -> list[str]:
    # Places from large to small, whatever the order they were chosen in.
    places = sorted(
        (one for one in names if one in (*AREA_LEVELS, "org")), key=(*AREA_LEVELS, "org").index
    )
    ordered = iter(places)
    return [next(ordered) if one in places else one for one in names]
