"""What happens once in a week of a grid, beside the officers' daily work.

Founders and administrators go the way of their commands. Each chapter is a function of
the week; it raises `AssertionError` or `TimeoutError` where the grid doesn't follow.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childgrid_authority import directory, epochs
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from deploy.processes import until
from deploy.yard import HUB
from process.reckoning import await_receipts, log_path, rows
from process.wall import DAY
from process.week_grid import wake
from process.week_sources import Person, runs_out
from process.yardstick import AGENCIES, SECONDS, STATION

if TYPE_CHECKING:
    from process.players import Case
    from process.week import Week

RENEWED_DAYS = 90 - (1 + 6.5 / 24)
"""How long before the week the directory was signed last: it runs out on its second
day, at half past six in the morning."""

FOUNDED_DAYS = 366 - 30 - 2
"""How long before the week the grid was founded: lists of officers are made anew on
its third day, thirty days before they run out."""

LIMITED_DAYS = 3


def past(week: Week) -> None:
    """Two cases right after founding; then little happens for most of a year."""
    wake(week.grid)
    week.crew.sit_down()
    week.crew.case("customs")
    week.crew.case("prisons", granted=False)
    _sleep(week, FOUNDED_DAYS - RENEWED_DAYS)
    wake(week.grid)
    renew(week)
    _sleep(week, RENEWED_DAYS)
    wake(week.grid)


def _sleep(week: Week, days: float) -> None:
    """Everything stands still for so many days."""
    await_receipts(week.grid, week.crew.count.cases)
    week.crew.rise()
    statuses = week.grid.stop()
    assert set(statuses.values()) == {0}, statuses
    week.wall.forward(int(days * DAY))


def renew(week: Week) -> None:
    """The founders sign the directory for another 90 days."""
    week.founders.fetch()
    book = week.grid.yard.authority.book
    week.grid.yard.enact(directory.renew(book, _now()))
    version = book.directories[-1]["version"]

    def known(name: str) -> bool:
        kept = Shelf.open(week.grid.state(name) / "documents").book
        return bool(kept.directories[-1]["version"] >= version)

    until("it is known", SECONDS, lambda: all(map(known, (*AGENCIES, STATION))))
    week.crew.count.acts["directory renewed"] += 1


def lapsed(week: Week) -> Case:
    """The directory has run out: queries are answered, and nothing is released."""
    assert week.grid.yard.authority.book.directories[-1].expires <= _now()
    week.crew.query()
    return week.crew.open("customs")


def mended(week: Week) -> None:
    """An hour later nothing was released; with a new directory it is."""
    case: Case = week.known["lapsed"]
    profile = week.crew.cast.asker.look("profile", case.query)
    (source,) = profile["sources"]
    assert [one["state"] for one in source["requests"]] != ["disclosed"]
    renew(week)
    week.crew.end(case)
    week.crew.count.acts["released after a lapse"] += 1


def limited(week: Week) -> Person:
    """A row comes into customs' file whose retention is over in three days."""
    person = Person.new(week.crew.chance)
    week.customs.put("AP-RETAIN", person, runs_out(LIMITED_DAYS))
    week.crew.await_outcome(person.at_customs, "customs", "hit")
    return person


def outlived(week: Week) -> None:
    """Its retention is over: it still stands in the file, and is found no more."""
    person: Person = week.known["limited"]
    week.crew.await_outcome(person.at_customs, "customs", "none")
    week.crew.count.acts["past its retention"] += 1


def encode(week: Week) -> None:
    """A new linkage key is made and accepted; every node encodes beside the old."""
    week.founders.encode(2)


def advance(week: Week) -> None:
    """The new linkage key is current."""
    until("all are ready", SECONDS, lambda: week.founders.all_ready(2), 0.5)
    week.founders.enact(epochs.advance, 2)
    week.founders.await_known(current=2)


def retire(week: Week) -> None:
    """What was asked under the old key has run out; the key is destroyed."""
    week.founders.enact(epochs.retire, 1)
    until("it is destroyed", SECONDS, lambda: not week.founders.remains(1))
    week.crew.count.acts["linkage key turned over"] += 1


def lists(week: Week) -> None:
    """An officer moves to another unit; customs let a field go no more."""
    folder = week.grid.folder
    before = _versions(week)
    _edit(folder / "police" / "staff.toml", 'unit = "training"', 'unit = "west"')
    _edit(folder / "customs" / "policy.toml", ',"arrival"', "")

    def known() -> bool:
        now = _versions(week)
        return now["staff police"] > before["staff police"] and (
            now["policy customs"] > before["policy customs"]
        )

    until("lists are known", SECONDS, known)
    week.crew.count.acts["lists changed"] += 1


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def _versions(week: Week) -> dict[str, int]:
    """The newest version of each agency's lists, as the police know them."""
    book = Shelf.open(week.grid.state("police") / "documents").book
    view = book.latest(_now())
    return {
        f"{kind.value} {name}": int(known[name]["version"])
        for kind, known in ((Kind.STAFF, view.staff), (Kind.POLICY, view.policies))
        for name in AGENCIES
        if name in known
    }


def shred(week: Week) -> None:
    """Everybody shreds the stories whose time is over, once an auditor has a copy."""
    export = week.grid.folder / "before-shredding"
    week.stations.await_cosigned(AGENCIES)
    assert week.stations.audit(STATION, export).holds
    for name in (*AGENCIES, HUB):
        process = week.grid.process(name)
        assert process.stop() == 0
        week.crew.count.acts[f"shredded by {name}"] += _shred(week, name, export)
        process.start()
        week.grid.ready(name)


def _shred(week: Week, name: str, export: Path) -> int:
    program, settings = week.grid.process(name).arguments[0], f"{name}/node.toml"
    if name == HUB:
        given = ["--config", f"{HUB}/coordinator.toml", "--export", str(export)]
    else:
        given = ["--config", settings, str(export)]
    done = subprocess.run(
        [sys.executable, "-m", program, "shred", *given],
        cwd=week.grid.folder,
        env={**os.environ, **week.grid.environments[name]},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(re.findall(r"\d+", done.stdout)[0])


def turnover(week: Week) -> dict[str, Any]:
    """What has been made anew since the founding, as the police know it."""
    book = Shelf.open(week.grid.state("police") / "documents").book
    sealing = [one for one in book.by_hash.values() if one.kind is Kind.SEALING_KEY]
    first = min(one.issued for one in book.directories)
    return {
        "days_since_founding": round((_now() - first) / DAY, 1),
        "directories": len(book.directories),
        "lists": _versions(week),
        "sealing_keys": {
            name: sum(one.issuer == name for one in sealing) for name in AGENCIES
        },
        "sealing_keys_kept": {name: len(_kept(week, name)) for name in AGENCIES},
        "epochs": dict(book.directories[-1]["epochs"]),
    }


def _kept(week: Week, name: str) -> list[Any]:
    """The private halves of sealing keys that a node still has."""
    sql = "SELECT name FROM secret WHERE name LIKE 'seal:%'"
    return rows(log_path(week.grid, name), sql)


def _now() -> int:
    return int(time.time())
