"""Which pairs of a register's own records people judge, and how far they have come.

Records are drawn at random, and each is sought in its own index as a query would be,
as if it were not there itself. The rows that would be answered make pairs; pairs are
chosen evenly over strata of probability and shuffled, so that neither order nor number
tells the judge what the machine thinks. No value of a record is here, only source keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from childgrid_node import review, review_document, score
from childgrid_node.holdings import SHOWN
from childgrid_node.index import Index
from childgrid_node.review import Judged, ReviewRefused, Sample
from childgrid_node.review_document import Ground
from childgrid_node.shards.table import Rows
from childgrid_wire import canonical
from childgrid_wire.errors import Malformed

if TYPE_CHECKING:
    import numpy as np

SCANS = 6_000
"""Records that are sought at most; enough for large registers, all of small ones."""

SAME, DIFFERENT, UNSURE, GONE, OPEN = "same", "different", "unsure", "gone", ""
VERDICTS = (SAME, DIFFERENT, UNSURE, GONE, OPEN)
_EVERY = 500

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Pair:
    """Two records by source key and digest (hex), and what the scheme says of them.

    ``verdict`` is empty until somebody has judged; ``gone`` where a record has changed,
    has left the register, or may not be shown any more.
    """

    left: str
    right: str
    left_digest: str
    right_digest: str
    probability: int
    verdict: str = OPEN

    @property
    def ends(self) -> frozenset[str]:
        """Both source keys, in no order."""
        return frozenset((self.left, self.right))


@dataclass
class Session:
    """A review under way: the register as it was, and its pairs in judging order."""

    ground: Ground
    edges: tuple[int, ...]
    pairs: list[Pair] = field(default_factory=list)
    wanted: int = 0
    """How many pairs were asked for; there may have been fewer."""

    sought: int = 0
    """How many records were sought for them."""

    met: list[int] = field(default_factory=list)
    """For how many of those each stratum held a pair."""

    def open(self) -> Iterator[int]:
        """Places of the pairs that wait for a judgement."""
        return (at for at, pair in enumerate(self.pairs) if pair.verdict == OPEN)

    def judge(self, at: int, verdict: str) -> None:
        """Put down what was said of the pair at a place."""
        self.pairs[at] = replace(self.pairs[at], verdict=verdict)

    def sample(self) -> Sample:
        """Pairs that were found the same or different."""
        judged = tuple(
            Judged(pair.probability, pair.verdict == SAME)
            for pair in self.pairs
            if pair.verdict in (SAME, DIFFERENT)
        )
        return Sample(
            self.edges, judged, self.sought, tuple(self.met), self.ground.asked
        )

    def count(self, verdict: str) -> int:
        """How many pairs have this verdict."""
        return sum(pair.verdict == verdict for pair in self.pairs)

    def document(self) -> bytes:
        """What a `review` of these judgements commits to; raises `ReviewRefused`."""
        return review_document.document(self.ground, self.sample(), self.count(UNSURE))

    def dump(self) -> bytes:
        """Write the session; it holds source keys, so seal it before it is stored."""
        return canonical.dumps(asdict(self))

    @classmethod
    def load(cls, data: bytes) -> Session:
        """Read what `dump` wrote; raises `Malformed`."""
        table = canonical.loads(data)
        try:
            pairs = [Pair(**pair) for pair in table.pop("pairs")]
            ground, edges = Ground(**table.pop("ground")), tuple(table.pop("edges"))
            session = cls(ground, edges, pairs, **table)
        except (KeyError, TypeError) as error:
            raise Malformed("review session") from error
        if not all(pair.verdict in VERDICTS for pair in pairs):
            raise Malformed("review session")
        return session


def ground_of(source: str, index: Rows) -> Ground:
    """Return the ground of a review of this index."""
    header = index.header
    asked = index.scheme.calibration.asked
    return Ground(source, header.scheme, header.epoch, index.living, asked)


def draw(
    session: Session,
    index: Index,
    wanted: int,
    chance: np.random.Generator,
    progress: Progress = lambda _: None,
) -> None:
    """Add pairs to a session until it has ``wanted``; fewer where there are no more.

    Args:
        session: what has been drawn; its pairs stay as they are.
        index: the register's encodings; left as they are.
        wanted: pairs in all.
        chance: decides which records are drawn, and the order.
        progress: called with the number of records sought so far.

    Raises:
        ReviewRefused: the register does not hold enough such pairs.
    """
    edges = session.edges
    have = [review.stratum(edges, pair.probability) for pair in session.pairs]
    counts = [have.count(at) for at in range(len(edges))]
    share = -(-wanted // len(edges))
    lacking = [max(share - count, 0) for count in counts]
    pools = _pools(session, _found(index, chance, progress), lacking)
    fresh = _chosen(pools, counts, wanted - len(session.pairs))
    chance.shuffle(fresh)
    session.pairs += fresh
    session.wanted = wanted
    _check(edges, counts, len(session.pairs))


def _pools(
    session: Session, found: Iterator[list[Pair]], lacking: Sequence[int]
) -> list[list[Pair]]:
    """Gather pairs by stratum, one a stratum for each record, until none lacks any.

    Counts in the session how many records were sought and what they met.
    """
    pools: list[list[Pair]] = [[] for _ in session.edges]
    session.met = session.met or [0 for _ in session.edges]
    known = {pair.ends for pair in session.pairs}
    for pairs in found:
        session.sought += 1
        by: dict[int, list[Pair]] = {}
        for pair in pairs:
            by.setdefault(review.stratum(session.edges, pair.probability), []).append(
                pair
            )
        for at, several in by.items():
            session.met[at] += 1
            fresh = [pair for pair in several if pair.ends not in known][:1]
            known.update(pair.ends for pair in fresh)
            pools[at] += fresh
        if all(len(pool) >= few for pool, few in zip(pools, lacking, strict=True)):
            break
    return pools


def _chosen(pools: list[list[Pair]], counts: list[int], more: int) -> list[Pair]:
    """Take ``more`` pairs, always from the stratum that has the fewest so far."""
    chosen: list[Pair] = []
    while len(chosen) < more and any(pools):
        at = min((n for n, pool in enumerate(pools) if pool), key=lambda n: counts[n])
        chosen.append(pools[at].pop(0))
        counts[at] += 1
    return chosen


def _check(edges: Sequence[int], counts: Sequence[int], pairs: int) -> None:
    if pairs < review.LEAST_PAIRS or min(counts) < review.LEAST_STRATUM:
        told = ", ".join(
            f"{count} from {low / 100:g} %"
            for low, count in zip(edges, counts, strict=True)
        )
        raise ReviewRefused(
            f"this register holds too few pairs to judge ({told}; needed are "
            f"{review.LEAST_PAIRS}, and {review.LEAST_STRATUM} from each); it stays "
            "without percentages"
        )


def _found(
    index: Index, chance: np.random.Generator, progress: Progress
) -> Iterator[list[Pair]]:
    """Seek random records, each in the index without it."""
    for number, row in enumerate(chance.permutation(len(index))[:SCANS]):
        if number % _EVERY == 0:
            progress(number)
        apart = _without(index, int(row))
        if apart.living < index.living:
            yield _pairs(apart, int(row))


def _without(index: Index, row: int) -> Index:
    """Return the index without a row, for searching; it had that row or not."""
    segments = list(index.segments)
    at = next(at for at, p in enumerate(segments) if row < p.first + len(p.rows))
    segments[at] = segments[at].without([row - segments[at].first])
    return Index(index.scheme, index.header, tuple(segments))


def _pairs(index: Index, row: int) -> list[Pair]:
    """Return what a search for this record would answer."""
    found = score.match(index, index.encoding(row), k=score.SURVIVORS)
    # The floor is the scheme's, where its first stratum begins.
    speaking = [one for one in found.candidates if one.score > 0][:SHOWN]
    left, digest = index.key(row), index.digest(row).hex()
    return [
        Pair(
            left,
            index.key(one.row),
            digest,
            index.digest(one.row).hex(),
            one.probability,
        )
        for one in speaking
    ]
