"""From judgements to a curve: never from too little, never falling, and mended."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node import review, review_document, reviews
from childgrid_node.holdings import Hit
from childgrid_node.review import Curve, Judged, ReviewRefused, Sample
from childgrid_node.review_document import Ground
from childgrid_node.scheme import Scheme
from childgrid_wire import canonical
from childgrid_wire.errors import Malformed

BANDS = Scheme.load("childgrid-2").bands
EDGES = review.strata(BANDS)
ASKED = Scheme.load("childgrid-2").calibration.asked
GROUND = Ground("rows", "ab" * 32, 1, 1_000, ASKED)
chances = st.integers(0, 10_000)
curves = st.builds(
    Curve, st.integers(-20_000, 20_000), st.integers(0, 5_000), st.just(9_900)
)


def sample(pairs: list[Judged], known: int = ASKED) -> Sample:
    """Pairs of a register where so many records per 10,000 have another entry."""
    bare = Sample(EDGES, tuple(pairs), 10**6, (0, 0, 0, 10**6), ASKED)
    share = bare.known() or 1.0
    return replace(bare, met=(0, 0, 0, round(100 * known / share)))


def judged(pairs: int, number: int, slope: float = 1, shift: float = 0) -> list[Judged]:
    """Pairs spread over the strata, and whether they are one person by other odds."""
    chance = random.Random(number)
    found = []
    for place in range(pairs):
        low, high = [*itertools.pairwise((*EDGES, 10_000))][place % len(EDGES)]
        said = chance.randint(low, high - 1)
        odds = shift + slope * math.log(said / (10_000 - said))
        found.append(Judged(said, chance.random() < 1 / (1 + math.exp(-odds))))
    return found


def far_off(pairs: list[Judged], said: list[int]) -> float:
    """Expected calibration error in ten equal bins, as a share."""
    wrong = 0.0
    for low in range(0, 10_000, 1_000):
        inside = [(c, p.same) for c, p in zip(said, pairs, strict=True)
                  if low <= min(c, 9_999) < low + 1_000]  # fmt: skip
        wrong += abs(sum(c / 10_000 - same for c, same in inside))
    return wrong / len(pairs)


@given(curves, chances, chances)
def test_a_curve_never_falls(curve: Curve, one: int, other: int) -> None:
    """What agrees better never reads less; only whole per cent between 1 and most."""
    low, high = sorted((one, other))

    assert curve.at(low) <= curve.at(high)
    assert all(100 <= curve.at(at) <= curve.most for at in (low, high))
    assert curve.at(low) % 100 == 0


@given(st.lists(st.tuples(chances, st.booleans()), max_size=299))
def test_under_300_pairs_nothing_is_calibrated(pairs: list[tuple[int, bool]]) -> None:
    """However they were judged."""
    said = [Judged(chance, same) for chance, same in pairs]

    with pytest.raises(ReviewRefused, match="300 are needed"):
        review.fit(sample(said))
    with pytest.raises(ReviewRefused):
        review_document.document(GROUND, sample(said), 0)


@given(st.integers(0, 10**6), st.floats(0.5, 1.5), st.floats(-1, 1))
def test_whatever_is_accepted_rises(number: int, slope: float, shift: float) -> None:
    """A curve from judgements rises over the whole range, or there is none."""
    try:
        curve = review.fit(sample(judged(320, number, slope, shift)))
    except ReviewRefused:
        return

    line = [curve.at(chance) for chance in range(0, 10_001, 50)]
    assert all(a <= b for a, b in itertools.pairwise(line))
    assert line[0] < line[-1] <= curve.most < 10_000


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 1.5), (0.6, -1.5), (1.6, 1.0)])
def test_planted_miscalibration_is_mended(slope: float, shift: float) -> None:
    """On pairs that nobody judged, the curve is far nearer to the truth."""
    others = judged(8_000, 2, slope, shift)
    before = far_off(others, [one.probability for one in others])
    after = []
    for number in range(5):
        curve = review.fit(sample(judged(360, 100 + number, slope, shift)))
        after.append(far_off(others, [curve.at(one.probability) for one in others]))

    assert before > 0.08
    assert sum(after) / len(after) < before / 2
    assert max(after) < before


def test_what_was_right_stays_nearly_so() -> None:
    """A register that needs no mending is hardly moved."""
    curve = review.fit(sample(judged(1_000, 3)))

    assert all(abs(curve.at(at) - at) <= 1_000 for at in range(100, 9_900, 100))


@pytest.mark.parametrize("known", [100, 350, 4_000])
def test_second_entries_may_be_rarer_than_hits(known: int) -> None:
    """The same scheme reads the same in a tidy register and in an untidy one."""
    rarer = math.log(known / (10_000 - known)) - math.log(ASKED / (10_000 - ASKED))
    curve = review.fit(sample(judged(2_000, 11, shift=rarer), known))

    assert all(abs(curve.at(at) - at) <= 1_200 for at in range(200, 9_800, 100))


@pytest.mark.parametrize("same", [True, False])
def test_a_reviewer_who_always_says_the_same_thing(same: bool) -> None:
    """Nothing is learned from one answer, nor from one that is hardly ever another."""
    said = [replace(one, same=same) for one in judged(400, 4)]
    nearly = [replace(one, same=not same) for one in said[:19]] + said[19:]

    for pairs in (said, nearly):
        with pytest.raises(ReviewRefused, match="must be the same and"):
            review.fit(sample(pairs))


def test_a_reviewer_who_tosses_a_coin_or_says_the_contrary() -> None:
    """Judgements must follow how far the records agree."""
    pairs = judged(400, 5)
    coin = random.Random(6)
    tossed = [replace(one, same=coin.random() < 0.5) for one in pairs]
    contrary = [replace(one, same=not one.same) for one in pairs]

    for said in (tossed, contrary):
        with pytest.raises(ReviewRefused, match="somebody else"):
            review.fit(sample(said))


@pytest.mark.parametrize("empty", range(len(EDGES)))
def test_a_stratum_that_hardly_anybody_looked_at(empty: int) -> None:
    """Nothing is said of probabilities that were not judged."""
    pairs = judged(600, 7)
    there = [one for one in pairs if review.stratum(EDGES, one.probability) == empty]
    rest = [one for one in pairs if review.stratum(EDGES, one.probability) != empty]

    with pytest.raises(ReviewRefused, match="9 pairs are judged"):
        review.fit(sample(rest + there[:9]))
    assert review.fit(sample(pairs))


def test_no_more_is_claimed_than_the_best_pairs_bear() -> None:
    """A hundred right pairs don't bear 100 %, and wrong ones among them bear less."""
    curve = review.fit(sample([replace(one, same=one.probability >= 5_000)
                               for one in judged(400, 8)]))  # fmt: skip

    assert curve.at(10_000) == curve.most == 9_900


def test_the_strata_are_the_bands() -> None:
    """Where a band begins, a stratum begins; the weak one is two."""
    assert (BANDS.floor, BANDS.possible // 5, BANDS.possible, BANDS.strong) == EDGES
    assert [review.stratum(EDGES, at) for at in (0, BANDS.floor, 9_999)] == [-1, 0, 3]


def test_a_document_says_what_was_judged_and_nothing_of_a_record() -> None:
    """Whole numbers, hashes and the source's name; read back as it was written."""
    data = review_document.document(GROUND, sample(judged(300, 9)), 12)
    found = review_document.read(data)

    assert (found.ground, found.edges) == (GROUND, EDGES)
    assert found.curve == review.fit(sample(judged(300, 9)))
    assert canonical.loads(data)["unsure"] == 12
    assert len(canonical.loads(data)["judged"]) == 300


@pytest.mark.parametrize(
    "change",
    [
        {"slope": 3_000},
        {"intercept": 9_000},
        {"most": 10_000},
        {"change": 1_000},
        {"judged": [[9_900, 1]] * 300},
        {"judged": []},
        {"sought": 900_000},
        {"met": [0, 0, 0, 10**7]},
        {"extra": 1},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_document_whose_curve_is_another(change: dict[str, object]) -> None:
    """What was signed must follow from the judgements in it."""
    table = canonical.loads(review_document.document(GROUND, sample(judged(300, 9)), 0))

    with pytest.raises(ReviewRefused):
        review_document.read(canonical.dumps({**table, **change}))


STRANGE = ("9", -1, 2**70, True, None, [], {}, [[]], [["1", 1]], [[1, 1, 1]], [1, "2"])


@pytest.mark.threat("T16")
@pytest.mark.parametrize("name", sorted(review_document._TABLE.fields))
def test_a_strange_document_is_refused_and_nothing_else(name: str) -> None:
    """Whatever a field holds, the reader's own two errors are all that comes out."""
    table = canonical.loads(review_document.document(GROUND, sample(judged(300, 9)), 0))
    for value in STRANGE[1:] if name == "source" else STRANGE:
        with pytest.raises((ReviewRefused, Malformed)):
            review_document.read(canonical.dumps({**table, name: value}))


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"[1,2]", b"null", b'"review"', b"{}", b"\xff", b"[" * 10_000],
)
def test_what_is_no_table_is_no_document(data: bytes) -> None:
    """Lists, numbers and texts are refused like any other stranger."""
    with pytest.raises((ReviewRefused, Malformed)):
        review_document.read(data)


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    "change",
    [{"met": [0, 0, 10**6]}, {"strata": [9_000, 5_000, 1_000, 100]}, {"sought": 0}],
)
def test_strata_and_counts_that_do_not_belong_together(
    change: dict[str, object],
) -> None:
    """As many counts as strata, rising, out of some records."""
    table = canonical.loads(review_document.document(GROUND, sample(judged(300, 9)), 0))
    with pytest.raises((ReviewRefused, Malformed)):
        review_document.read(canonical.dumps({**table, **change}))


@pytest.mark.parametrize(
    ("now", "fits"),
    [
        ({}, True),
        ({"rows": 1_250}, True),
        ({"rows": 750}, True),
        ({"rows": 1_251}, False),
        ({"rows": 749}, False),
        ({"rows": 0}, False),
        ({"epoch": 2}, False),
        ({"scheme": "cd" * 32}, False),
        ({"source": "other"}, False),
        ({"asked": ASKED + 1}, False),
    ],
)
def test_on_what_ground_a_review_stands(now: dict[str, object], fits: bool) -> None:
    """Another scheme, epoch, source or share, a quarter more or fewer rows: void."""
    found = review_document.read(
        review_document.document(GROUND, sample(judged(300, 9)), 0)
    )

    assert found.fits(replace(GROUND, **now)) is fits  # type: ignore[arg-type]


def hit(probability: int, others: int, source: str = "rows") -> Hit:
    """What a search found."""
    return Hit(source, "K", b"", "movement", probability, "weak", others, 1, ())


def test_a_curve_moves_number_band_and_others() -> None:
    """All three say the same; another source keeps its own."""
    curve = Curve(2_000, 1_000, 9_800)
    mine, theirs = hit(8_000, 0), hit(8_100, 0, "other")

    first, second = reviews.calibrated([theirs, mine], {"rows": curve}, BANDS)

    assert (first.source, first.probability, first.band) == ("rows", 9_700, "strong")
    assert (first.calibrated, first.others) == (True, 0)
    assert second == theirs


def test_ten_rows_that_fit_alike_are_not_ten_persons() -> None:
    """A curve that raises doesn't name more people than can be."""
    (found,) = reviews.calibrated(
        [hit(2_000, 9)], {"rows": Curve(5_000, 1_000, 9_900)}, BANDS
    )

    assert (found.probability, found.others) == (2_000, 9)
