"""What a process holds, told to Prometheus when it asks: connections, answers, prepared things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge


@dataclass(frozen=True, slots=True)
class Stock:
    """Something of which there is a certain amount, and at most so much."""

    now: Callable[[], float]
    most: float


def measure_pools(registry: CollectorRegistry, pools: Mapping[str, Stock]) -> None:
    """Tell how many connections to the database are at work, and how many there may be.

    Parameters
    ----------
    registry : CollectorRegistry
        Where it is told.
    pools : mapping of str to Stock
        By what they are for.
    """
    used = Gauge(
        "geo_pool_in_use", "Connections to the database at work", ("pool",), registry=registry
    )
    size = Gauge(
        "geo_pool_size", "Connections to the database at most", ("pool",), registry=registry
    )
    for name, pool in pools.items():
        used.labels(name).set_function(pool.now)
        size.labels(name).set(pool.most)


def measure_beside(registry: CollectorRegistry, beside: Stock) -> None:
    """Tell how much is laid beside the process.

    Parameters
    ----------
    registry : CollectorRegistry
        Where it is told.
    beside : Stock
        In bytes.
    """
    now = Gauge("geo_beside_bytes", "Size of what lies beside the process", registry=registry)
    now.set_function(beside.now)
    Gauge("geo_beside_most_bytes", "What may lie there", registry=registry).set(beside.most)
