"""Works one after another: every server asked in turn, in rounds, so that a ratio is fair."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.goals import Row
from tests.bench.load import Generator, Load, Rate, fetch, middle
from tests.bench.questions import Work
from tests.bench.servers import Server

_OK = 200
_EMPTY = 204
#: Answers compared between servers, of each work.
_COMPARED = 6
_TOO_FEW_A_SECOND = 0.5
#: The slowest peer, told for comparison alone: asked once, and not waited for long.
_UNHURRIED, _UNHURRIED_S = frozenset({"pygeoapi"}), 12.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often each server is asked."""

    seconds: float
    rounds: int


@dataclass(slots=True)
class Track:
    """Runs works on the servers that run; keeps their rows."""

    generator: Generator
    servers: Mapping[str, Server]
    patience: Patience

    def run(self, works: Iterable[Work], rows: list[Row]) -> list[Row]:
        """Measure works.

        Parameters
        ----------
        works : iterable of Work
            What is asked.
        rows : list of Row
            Longer by one for each number of clients.

        Returns
        -------
        list of Row
            The same.
        """
        for work in works:
            self._measure(work, rows)
        return rows

    def _measure(self, work: Work, rows: list[Row]) -> None:
        asked, features, notes = self._compared(work)
        told: dict[str, Rate] = {}
        for clients in work.clients:
            _say(f"{work.title}, {clients} clients")
            # Who needs seconds for one answer is not asked by many.
            asked = [n for n in asked if n not in told or told[n].requests_s > _TOO_FEW_A_SECOND]
            rates: dict[str, list[Rate]] = {name: [] for name in asked}
            for turn in range(self.patience.rounds):
                for name in asked:
                    if name in _UNHURRIED and (turn or clients > 1):
                        continue
                    rates[name].append(self._rate(work, name, clients))
            told = {name: middle(of) for name, of in rates.items() if of}
            rows.append(Row(work.key, work.title, clients, told, features, tuple(notes)))
            _say("  " + ", ".join(f"{name} {one.requests_s:,.1f}/s" for name, one in told.items()))

    def _rate(self, work: Work, name: str, clients: int) -> Rate:
        load = Load(work.paths[name], clients, self.patience.seconds, work.headers)
        if name in _UNHURRIED:
            load = replace(load, least=1, patience_s=_UNHURRIED_S)
        return self.generator.measure(self.servers[name], load)

    def _compared(self, work: Work) -> tuple[list[str], dict[str, int], list[str]]:
        """Look at answers once: whether they are right, and how many features they hold."""
        asked, features, notes = [], {}, []
        for name in self.servers:
            if name not in work.paths:
                continue
            paths = work.paths[name][: 1 if name in _UNHURRIED else _COMPARED]
            try:
                found = [_counted(self.servers[name], path, work) for path in paths]
            except TimeoutError:
                notes.append(f"{name} takes more than {_UNHURRIED_S:.0f} s for {paths[0]}")
                continue
            except (OSError, ValueError) as error:
                notes.append(f"{name}: {error}")
                continue
            asked.append(name)
            if name not in _UNHURRIED:
                features[name] = sum(found)
        notes += _disagreements(work, features)
        return asked, features, notes


def _counted(server: Server, path: str, work: Work) -> int:
    status, body, _ = fetch(server, path, work.headers, patience_s=_UNHURRIED_S)
    if status == _EMPTY:
        return 0
    if status != _OK:
        raise ValueError(f"{status} for {path}")
    return work.count(body)


def _disagreements(work: Work, features: Mapping[str, int]) -> list[str]:
    ours, least = features.get("ours"), work.agreement
    expected = features.get("floor") or features.get("tipg")
    if ours is None or not expected:
        return []
    if least is not None and ours < least * expected:
        return [f"ours holds {ours} features where plain SQL has {expected}"]
    return []


def started(
    servers: Sequence[tuple[str, Callable[[], Server]]], folder: Path
) -> tuple[dict[str, Server], list[str]]:
    """Start servers; one that does not start is told and left out.

    Parameters
    ----------
    servers : sequence of (str, callable)
        Names, and what describes each server.
    folder : Path
        Where their logs go.

    Returns
    -------
    tuple of (dict, list of str)
        Those that run, by name; why the others do not.

    Raises
    ------
    SystemExit
        If ours does not start.
    """
    running: dict[str, Server] = {}
    missing: list[str] = []
    for name, describe in servers:
        server = describe()
        try:
            server.start(folder / f"{name}.log")
        except OSError as error:
            if name == "ours":
                stop(running)
                raise SystemExit(str(error)) from error
            missing.append(str(error))
            continue
        running[name] = server
    return running, missing


def stop(running: Mapping[str, Server]) -> None:
    """End servers.

    Parameters
    ----------
    running : mapping
        By name.
    """
    for server in running.values():
        server.stop()


def _say(words: str) -> None:
    print(f"· {words}", file=sys.stderr, flush=True)  # noqa: T201
