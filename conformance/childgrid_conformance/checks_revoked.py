"""Checks of revocations, the last: nothing brings back what they took."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from childgrid_conformance.cast import ASKER, GUEST, REVOKED, SUPERVISOR
from childgrid_conformance.check import Check, add, demand, refused
from childgrid_conformance.door import Reply
from childgrid_conformance.scene import Scene
from childgrid_wire import statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import FOUNDERS

_YEARS = 10 * 366 * 86_400


@dataclass(frozen=True)
class Asking:
    """Who asks, and by whose approval."""

    asker: str
    officer: str
    approver: str = SUPERVISOR

    def ask(self, scene: Scene) -> Reply:
        """A new query of theirs."""
        call = scene.call(
            "stranger",
            asker=self.asker,
            officer=self.officer,
            approver=self.approver,
        )
        return scene.match(call)


def _revoke(scene: Scene, by: str, target: str, member: str, subject: str = "") -> None:
    """An agency revokes its own officer, or one founder a member."""
    founder = scene.cast.founders[0]
    number = scene.hub.shelf.book.standing()["revocations"].get(by, 0) + 1
    scene.hub.hang(
        statement.make(
            Kind.REVOCATION,
            founder if by == FOUNDERS else scene.cast.identities[by].signer,
            issuer=by,
            now=scene.now,
            seconds=_YEARS,
            number=number,
            target=target,
            member=member,
            subject=subject,
            serial="",
            cause="left",
        )
    )


def _taken(scene: Scene) -> dict[str, tuple[Asking, Reply | None]]:
    """Three revocations, hung at once; who is revoked, and how it was answered before.

    Approver and member are revoked once in the life of a grid: later runs find them so.
    """
    if "revoked" not in scene.kept:
        scene.kept["revoked"] = made = _before(scene)
        _revoke(scene, ASKER, "officer", ASKER, made["officer"][0].officer)
        if made["approver"][1]:
            _revoke(scene, ASKER, "officer", ASKER, REVOKED)
        if made["member"][1]:
            _revoke(scene, FOUNDERS, "member", GUEST)
        scene.learned()
    taken: dict[str, tuple[Asking, Reply | None]] = scene.kept["revoked"]
    return taken


def _before(scene: Scene) -> dict[str, tuple[Asking, Reply | None]]:
    gone = scene.hub.shelf.book.revoked()
    officer = Asking(ASKER, scene.cast.next_officer())
    approver = Asking(ASKER, scene.cast.next_officer(), REVOKED)
    member = Asking(GUEST, "si-0")
    return {
        "officer": (officer, officer.ask(scene)),
        "approver": (
            approver,
            None if f"{ASKER}/{REVOKED}" in gone.officers else approver.ask(scene),
        ),
        "member": (member, None if GUEST in gone.members else member.ask(scene)),
    }


def _check(scene: Scene, what: str) -> str:
    asking, before = _taken(scene)[what]
    demand(before is None or before.status == "OK", f"refused before: {before}")
    return refused(asking.ask(scene), "revoked")


_WORDS = (
    ("officer", "queries of one officer before and after the officer's revocation"),
    ("approver", "queries that one officer approved, before and after its revocation"),
    ("member", "queries of a member, before and after a founder revoked it"),
)
for _what, _sent in _WORDS:
    add(
        Check(
            f"revoked.{_what}",
            "keys",
            _sent,
            "the first is answered, the second refused with `revoked`",
            partial(_check, what=_what),
        )
    )
