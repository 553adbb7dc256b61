"""The three attacks on one field, by name, against one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import attack_claims, attack_frequency, attack_graph, attack_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.attack_claims import Score
    from bench.attack_data import Listed, Seen, Value


def attacked(
    seen: Seen, listed: Listed, truth: Sequence[Value], hashes: int
) -> dict[str, Score]:
    """Run every attack that makes sense and judge it.

    Args:
        seen: what the attacker sees of the field.
        listed: what his list says of it.
        truth: each row's true value, empty where it has none.
        hashes: bits set per token; 0 for a tag, which has no likeness to mine.
    """
    if not len(seen.counts) or not listed.values:
        return {}
    claims = {"frequency": attack_frequency.attack(seen, listed)}
    if hashes:
        claims["pattern"] = attack_pattern.attack(seen, listed, hashes)
        claims["graph"] = attack_graph.attack(seen, listed)
    return {
        name: attack_claims.of_rows(seen, listed, made, truth)
        for name, made in claims.items()
    }
