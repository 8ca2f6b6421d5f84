"""Attack a service that runs: ``python -m tests.attack http://127.0.0.1:8000 [scheme ...]``."""

from __future__ import annotations

import sys
import time
from collections import defaultdict

from tests.attack.asking import Asking
from tests.attack.bounds import Known, attack
from tests.attack.elsewhere import elsewhere
from tests.attack.harvest import SCHEMES, harvest


def say(*words: object) -> None:
    """Write a line."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")


#: Of what is asked place by place (profiles, drawn areas, sets of places, hexagons around a place)
#: this many places of each indicator and level; everything else is asked for all.
MOST = 8


def main(address: str, schemes: tuple[str, ...]) -> int:
    """Take all that is given, bound all that is not, and say what is known too well."""
    started = time.monotonic()
    get = Asking(address)
    with get.stage("maps and tables"):
        loot = harvest(get, schemes=schemes)
    get.say(f"{len(loot.shown):,} numbers, {len(loot.hidden):,} gaps")
    if loot.hidden:
        wanted = sorted({cell.indicator for cell in loot.hidden})
        get.say("gaps in", *wanted)
        for way, told in elsewhere(get, loot, wanted, most=MOST, stage=get.stage).items():
            say(f"{told:,} from {way}")
        say(f"asked place by place: {MOST} of each indicator and level, of those withheld")
    taken = time.monotonic() - started
    with get.stage("reckoning"):
        known = attack(loot)
    _say(known)
    disclosed = [one for one in known if one.is_disclosed]
    odd = sum(not one.is_consistent for one in known)
    say(
        f"\n{len(loot.shown):,} numbers known and {len(loot.facts):,} facts besides,"
        f" in {taken:.0f} s, {len(loot.hidden):,} withheld;"
        f" {len(known):,} counts bounded in {time.monotonic() - started - taken:.0f} s,"
        f" {odd:,} of them among sums that do not fit"
    )
    for contradiction in loot.contradictions:
        say("shown though withheld:", contradiction)
    for one in disclosed[:50]:
        say("disclosed:", one)
    say(f"disclosed: {len(disclosed):,}")
    return bool(disclosed or loot.contradictions)


def _say(known: list[Known]) -> None:
    groups: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for one in known:
        groups[one.cell.indicator, one.cell.level].append(one)
    say(f"{'indicator':24} {'level':12} {'withheld':>9} {'narrowest':>10} {'allowed':>8}")
    for (indicator, level), some in sorted(groups.items()):
        narrowest = min(one.high - one.low for one in some)
        allowed = some[0].narrowest
        say(f"{indicator:24} {level:12} {len(some):9,} {narrowest:10,.1f} {allowed:8,.0f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], tuple(sys.argv[2:]) or SCHEMES))
