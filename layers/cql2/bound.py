"""A filter without its values: filters that differ in them alone are written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from layers.cql2.tree import Bound, BoundShape, Call, Filter, Group, Literal, Node, Shape, kind_of
from layers.cql2.typed import step_of


@dataclass(frozen=True, slots=True)
class Taken:
    """The structure of a filter, and the values that were in it by the names it has for them.

    ``size`` counts the nodes of the structure.
    """

    structure: Filter
    values: Mapping[str, Any]
    size: int


def take_values(asked: Filter, prefix: str) -> Taken:
    """Take the values and shapes out of a filter.

    What a filter means depends on the types of its values, which stay, and not on what they are.

    Parameters
    ----------
    asked : Filter
        As it was read.
    prefix : str
        Of the names of values.

    Returns
    -------
    Taken
        Lists of values to choose from are as long as the next power of two, the last value
        repeated: which are chosen stays the same, and there are few structures.
    """
    taking = _Taking(prefix)
    return Taken(replace(asked, tree=taking.node(asked.tree)), taking.values, taking.size)


@dataclass(slots=True)
class _Taking:
    """Walks one tree; the tree's depth is limited, so the walk is."""

    prefix: str
    values: dict[str, Any] = field(default_factory=dict)
    size: int = 0

    def node(self, node: Node) -> Node:
        """Take the values out of a node and all below it.

        Returns
        -------
        Node
            Its structure.
        """
        self.size += 1
        match node:
            case Literal():
                return Bound(self._named(node.value), kind_of(node.value))
            case Shape():
                return self._shape(node)
            case Group():
                return Group(tuple(map(self.node, node.items)), node.depth)
            case Call(op="in", args=(one, Group() as several)):
                return Call("in", (self.node(one), self.node(_longer(several))), node.depth)
            case Call():
                return Call(node.op, tuple(map(self.node, node.args)), node.depth)
        return node

    def _named(self, value: object) -> str:
        name = f"{self.prefix}{len(self.values)}"
        self.values[name] = value
        return name

    def _shape(self, shape: Shape) -> BoundShape:
        step = self._named(step_of(shape)) if shape.is_box else None
        return BoundShape(self._named(shape.geometry.wkb), step, shape.is_collection)


def _longer(several: Group) -> Group:
    items = several.items
    if not items or not all(isinstance(one, Literal) for one in items):
        return several
    wanted = 1 << (len(items) - 1).bit_length()
    return replace(several, items=items + items[-1:] * (wanted - len(items)))
