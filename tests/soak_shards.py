"""The long version of the tests of parts: many queries, many kills, one cluster."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trustme

from childgrid_node.shards.cluster import Cluster
from childgrid_wire.errors import Reason, Refused
from parted import Both, answers, both, held, kill, lay_secrets, queries, settings

_ASKED = 200
_SECONDS = 120


def run(rows: int, kills: int, seed: int) -> Mapping[str, Any]:
    """Compare 2 and 4 parts with one file, then kill parts while they are searched."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="childgrid-soak-"))
    lay_secrets(folder, trustme.CA())
    cluster = Cluster(settings(4, folder))
    try:
        for count in (2, 4):
            place = folder / str(count)
            place.mkdir()
            made = both(
                place, rows, count, host=cluster, config=settings(count, folder)
            )
            asked = queries(made.encodings, _ASKED, seed)
            found = answers(made.one, asked)
            differing = sum(
                a != b for a, b in zip(answers(made.parts, asked), found, strict=True)
            )
            counts["compared"] += len(asked)
            if differing:
                failures.append(
                    f"{differing} of {len(asked)} differ over {count} parts"
                )
            failures += _killed(made, asked, found, kills, random.Random(seed), counts)
            made.fleet.forget(place)
    finally:
        cluster.close()
        shutil.rmtree(folder)
    return {**counts, "failures": failures}


def _killed(
    made: Both,
    asked: Sequence[Any],
    found: Sequence[Any],
    kills: int,
    chance: random.Random,
    counts: Counter[str],
) -> list[str]:
    """Kill a part between the two rounds or before them, again and again."""
    crew, holdings, failures = made.parts.crew, held(made.parts), []
    ask = crew.ask
    for number in range(kills):
        method = chance.choice(["survey", "best"])
        victim: Any = crew._posts[chance.randrange(len(crew))]

        def killing(
            name: str, *rest: Any, method: str = method, at: Any = victim
        ) -> Any:
            if name == method:
                kill(at)
            return ask(name, *rest)

        crew.ask = killing  # type: ignore[method-assign]
        place = chance.randrange(len(asked))
        try:
            said = holdings.search(asked[place])[0]
            counts["whole"] += 1
            if said != found[place]:
                failures.append(f"kill {number}: another answer")
        except Refused as refusal:
            counts[refusal.reason.value] += 1
            if refusal.reason is not Reason.PARTIAL:
                failures.append(f"kill {number}: {refusal.reason.value}")
        crew.ask = ask  # type: ignore[method-assign]
        if not crew.settle(_SECONDS):
            return [*failures, f"kill {number}: the part did not come back"]
        if holdings.search(asked[place])[0] != found[place]:
            failures.append(f"kill {number}: another answer afterwards")
    return failures
