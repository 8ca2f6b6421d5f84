"""A filter of the cube taken apart: what of it is about time, about breakdowns, about places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layers.cql2 import SHAPE_NAMES
from layers.cql2.tree import Call, Filter, Group, Literal, Name, Node, refuse
from layers.cube.query import PLACE_DIMENSIONS, TIME_DIMENSIONS
from layers.indicators import IndicatorInfo

#: What a condition may say of a place besides what it lies in.
OWN_NAMES = ("name", "name_en", "code")
_PAIR = 2
_KINDS = {
    **dict.fromkeys((*PLACE_DIMENSIONS, *OWN_NAMES), "places"),
    **dict.fromkeys(TIME_DIMENSIONS, "times"),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """A filter taken apart."""

    times: tuple[Node, ...] = ()
    slices: tuple[Node, ...] = ()
    places: tuple[Node, ...] = ()

    @property
    def dimensions(self) -> set[str]:
        """Names of the dimensions it speaks of."""
        nodes = (*self.times, *self.slices, *self.places)
        return {name for node in nodes for name in names_in(node)}


def take_apart(
    asked: Filter | None, slices: Sequence[str], indicators: Mapping[str, IndicatorInfo]
) -> Parts:
    """Sort the parts of a filter by what they are about.

    Parameters
    ----------
    asked : Filter, optional
        From `layers.cql2.read_filter`.
    slices : sequence of str
        Names of breakdowns.
    indicators : mapping of str to IndicatorInfo
        The catalogue.

    Returns
    -------
    Parts
        A part that is about two of the three is refused.
    """
    if asked is None:
        return Parts()
    tree = asked.tree
    nodes = tree.args if isinstance(tree, Call) and tree.op == "and" else (tree,)
    sorts: dict[str, list[Node]] = {"times": [], "slices": [], "places": []}
    for node in nodes:
        if {*SHAPE_NAMES} & set(names_in(node)):
            refuse("ลูกบาศก์ไม่มีรูปร่างของพื้นที่", "the cube has no shapes; filter features by shape")
        kinds = {_KINDS[name] for name in names_in(node) if name in _KINDS}
        kinds |= {"slices" for name in names_in(node) if name in slices}
        kinds |= {"places" for name in names_in(node) if name.partition(".")[0] in indicators}
        if len(kinds) > 1:
            refuse(
                "แต่ละส่วนที่เชื่อมด้วย AND ต้องเกี่ยวกับเวลา การจำแนก หรือพื้นที่อย่างใดอย่างหนึ่ง"
                " ค่าของช่วงเวลาหนึ่งเขียนเป็น ตัวชี้วัด(2567)",
                "each part joined by AND is about time, a breakdown or places, not several;"
                " write the value of a period as indicator(2567)",
            )
        sorts[kinds.pop() if kinds else "places"].append(node)
    return Parts(**{name: tuple(found) for name, found in sorts.items()})


def memberships(nodes: Sequence[Node]) -> tuple[list[tuple[str, frozenset[str]]], list[Node]]:
    """Part conditions that only name members of place dimensions from all others.

    Parameters
    ----------
    nodes : sequence of Node
        Conditions on places that must all hold.

    Returns
    -------
    tuple of (list of (str, frozenset of str), list of Node)
        Dimension and the codes it may have: known without asking the database; the others.
    """
    plain, others = [], []
    for node in nodes:
        found = _membership(node)
        if found is None:
            others.append(node)
        else:
            plain.append(found)
    return plain, others


def _membership(node: Node) -> tuple[str, frozenset[str]] | None:
    if not isinstance(node, Call) or node.op not in {"=", "in"} or len(node.args) != _PAIR:
        return None
    name, said = node.args
    items = said.items if isinstance(said, Group) else (said,)
    codes = {one.value for one in items if isinstance(one, Literal)}
    is_plain = isinstance(name, Name) and name.name in PLACE_DIMENSIONS
    texts = frozenset(code for code in codes if isinstance(code, str))
    if not isinstance(name, Name) or not is_plain or len(texts) < len(items) or not items:
        return None
    return name.name, texts


def measures_in(nodes: Sequence[Node], indicators: Mapping[str, IndicatorInfo]) -> set[str]:
    """List the indicators that conditions speak of.

    Parameters
    ----------
    nodes : sequence of Node
        Of a filter.
    indicators : mapping of str to IndicatorInfo
        The catalogue.

    Returns
    -------
    set of str
        Their keys.
    """
    found = {name.partition(".")[0] for node in nodes for name in names_in(node)}
    return found & set(indicators)


def names_in(node: Node) -> Iterator[str]:
    """List the names a condition speaks of, those of its operators and functions among them.

    Parameters
    ----------
    node : Node
        Of a filter.

    Yields
    ------
    str
        Perhaps more than once.
    """
    match node:
        case Name():
            yield node.name
        case Group():
            for one in node.items:
                yield from names_in(one)
        case Call():
            # A measure at a period is written as a function.
            yield node.op
            for one in node.args:
                yield from names_in(one)
