"""The founders move the linkage key on: who may be left behind, and what cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_authority import directory, epochs
from childgrid_authority.authority import Authority
from childgrid_authority.errors import ChangeRefused
from childgrid_authority.rotating import _line
from childgrid_wire import canonical, statement
from childgrid_wire.errors import Refused
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import READY, ceremony
from founders import DAY, NOW, TWO, admit, amended, grid, light_locks

THREE = ("alpha", "bravo", "charlie")
BOX = canonical.to_b64(bytes(80))
WEEK_AND_72_HOURS = 10 * DAY


class Table:
    """The founders at one table, with a ceremony's papers and no keys behind them."""

    def __init__(self, folder: Path) -> None:
        self.authority = grid(folder / "authority")
        kinds = dict.fromkeys(THREE, "agency") | {"aud-one": "auditor"}
        self.members: dict[str, Identity] = admit(self.authority, folder, kinds)

    @property
    def epochs(self) -> dict[str, object]:
        """As the directory in force names them."""
        found: dict[str, object] = self.authority.book.latest(NOW).directory["epochs"]
        return found

    def say(self, name: str, step: str, epoch: int, **body: object) -> None:
        """One step of a member, hung up."""
        given = dict.fromkeys(("member", "commitment", "transcript", "key_check"), "")
        own = self.members[name]
        data = statement.make(
            Kind.ROTATION,
            own.signer,
            issuer=name,
            now=NOW,
            seconds=DAY,
            epoch=epoch,
            step=step,
            **{**given, "shares": {}, **body},
        )
        self.authority.shelf.add(data)

    def hold(self, epoch: int) -> None:
        """A whole ceremony, as it looks on the board."""
        book = self.authority.book
        for name in THREE:
            self.say(name, "commit", epoch, commitment="ab" * 32)
        for name in THREE:
            self.say(name, "reveal", epoch, shares=dict.fromkeys(THREE, BOX))
        said = ceremony(book, book.latest(NOW), epoch, THREE).transcript
        for name in THREE:
            check = f"{epoch:064x}"
            self.say(name, "transcript", epoch, transcript=said, key_check=check)

    def ready(self, epoch: int, *names: str) -> None:
        """Members say that they have encoded."""
        for name in names:
            self.say(name, READY, epoch, key_check=f"{epoch:064x}")

    def enact(self, change: list[object]) -> None:
        """Two founders sign."""
        self.authority.enact(change, TWO)  # type: ignore[arg-type]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A grid in epoch 1."""
    light_locks(monkeypatch)
    found = Table(tmp_path)
    found.hold(1)
    change = directory.set_epoch(found.authority.book, 1, THREE, NOW)
    found.enact([*change])
    return found


def moved(table: Table) -> Authority:
    """Epoch 2 is current and everybody is ready; epoch 1 is still accepted."""
    authority = table.authority
    table.hold(2)
    table.enact([*epochs.accept(authority.book, 2, THREE, NOW)])
    table.ready(2, *THREE)
    table.enact([*epochs.advance(authority.book, 2, NOW)])
    return authority


def test_accepted_then_current_then_retired(table: Table) -> None:
    """Three directories, of which each says one thing more."""
    book = moved(table).book
    told = [one["epochs"] for one in book.directories[-3:]]
    assert told == [
        {"current": 1, "accepted": [1]},
        {"current": 1, "accepted": [1, 2]},
        {"current": 2, "accepted": [1, 2]},
    ]
    table.enact([*epochs.retire(book, 1, NOW + WEEK_AND_72_HOURS)])
    assert table.epochs == {"current": 2, "accepted": [2]}
    assert set(book.directories[-1]["key_checks"]) == {"e2"}


def test_an_epoch_is_accepted_by_its_ceremony_alone(table: Table) -> None:
    """Incomplete, of too few, or of an auditor: the directory stays."""
    book = table.authority.book
    table.say("alpha", "commit", 2, commitment="ab" * 32)
    before = book.directories[-1]
    for members in (THREE, THREE[:2], ("alpha", "bravo", "aud-one")):
        with pytest.raises(Refused, match="ceremony"):
            epochs.accept(book, 2, members, NOW)
    assert book.directories[-1] == before


def test_nothing_is_cut_short_unasked(table: Table) -> None:
    """Not the current epoch, and not while what was asked under the old may live."""
    book = moved(table).book
    before = book.directories[-1]
    with pytest.raises(ChangeRefused, match="is current"):
        epochs.retire(book, 2, NOW + WEEK_AND_72_HOURS)
    with pytest.raises(ChangeRefused, match="240 more hours"):
        epochs.retire(book, 1, NOW)
    with pytest.raises(ChangeRefused, match="1 more hours"):
        epochs.retire(book, 1, NOW + WEEK_AND_72_HOURS - 1)
    with pytest.raises(ChangeRefused, match="not accepted; `epochs` lists"):
        epochs.retire(book, 3, NOW)
    assert book.directories[-1] == before
    assert epochs.retire(book, 1, NOW, at_once=True)


def test_the_old_epoch_waits_for_laggards(table: Table) -> None:
    """Who can't ask under the new one would be stopped; the command names them."""
    book = table.authority.book
    table.hold(2)
    table.enact([*epochs.accept(book, 2, THREE, NOW)])
    table.ready(2, "alpha", "bravo")
    table.enact([*epochs.advance(book, 2, NOW, despite_laggards=True)])
    later = NOW + WEEK_AND_72_HOURS
    with pytest.raises(ChangeRefused, match="not ready for epoch 2: charlie"):
        epochs.retire(book, 1, later)
    table.ready(2, "charlie")
    assert epochs.retire(book, 1, later)


def test_who_only_asks_does_not_hold_up_the_change(table: Table) -> None:
    """It goes on under the old epoch, and is told apart by `epochs`."""
    book = table.authority.book
    table.enact([*amended(book, "charlie", NOW, uses=["user"])])
    table.hold(2)
    table.enact([*epochs.accept(book, 2, THREE, NOW)])
    table.ready(2, "alpha", "bravo")
    first, second = epochs.standing(book, NOW)
    assert _line(first) == "epoch 1 current; all ready"
    assert _line(second) == "epoch 2 accepted; all ready; without the key: charlie"
    assert epochs.advance(book, 2, NOW)


def test_an_epoch_in_force_is_not_replaced_unasked(table: Table) -> None:
    """`epoch` would stop every node until it has encoded; `accept` stops nobody."""
    book = table.authority.book
    table.hold(2)
    before = book.directories[-1]
    for keep in ((), (1,)):
        with pytest.raises(ChangeRefused, match="accept"):
            directory.set_epoch(book, 2, THREE, NOW, keep=keep)
    assert book.directories[-1] == before
    assert directory.set_epoch(book, 2, THREE, NOW, at_once=True)


def test_three_are_the_most_and_none_goes_back(table: Table) -> None:
    """Every node keeps an index of each in memory."""
    book = table.authority.book
    for number in (2, 3):
        table.hold(number)
        table.enact([*epochs.accept(book, number, THREE, NOW)])
    table.hold(4)
    with pytest.raises(ChangeRefused, match="3 epochs are accepted"):
        epochs.accept(book, 4, THREE, NOW)
    table.ready(3, *THREE)
    table.enact([*epochs.advance(book, 3, NOW)])
    with pytest.raises(ChangeRefused, match="never goes back"):
        epochs.advance(book, 2, NOW)
    table.enact([*epochs.retire(book, 3, NOW, at_once=True)])
    assert table.epochs == {"current": 2, "accepted": [1, 2]}


def test_without_a_key_in_force_there_is_nothing_to_stand_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first epoch is put in force by `epoch`."""
    light_locks(monkeypatch)
    found = Table(tmp_path)
    found.hold(1)
    with pytest.raises(ChangeRefused, match="no epoch is in force"):
        epochs.accept(found.authority.book, 1, THREE, NOW)
    assert epochs.standing(found.authority.book, NOW) == []
