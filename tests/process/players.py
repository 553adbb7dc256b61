"""The officers of a small real grid, and the cases that they play.

`Patient` is an officer's desk that never gives up: what was signed at it is handed in
again, byte for byte, until the node has acknowledged it, and it remembers what was
acknowledged. A `Case` goes from the question to the record, or to its refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from childgrid_portal.desk import Desk
from childgrid_portal.drafts import Wanted
from childgrid_portal.line import Line, Pass
from childgrid_wire import envelope
from childgrid_wire.errors import Reason, Refused, Unreachable
from childgrid_wire.keys import Signer
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR, SUSPECT

if TYPE_CHECKING:
    from process.yardstick import Grid

FIELDS = {"customs": ("name", "phone", "flight"), "prisons": ("name", "offences")}
CUSTODIANS = {"customs": "cu-mehta", "prisons": "cu-singh"}
JUSTIFICATION = "to find the accused before the hearing at Manbazar"
SECONDS = 60.0
"""How long anything may take before it counts as never."""

_PAUSE = 0.1
T = TypeVar("T")


class Patient(Desk):
    """A desk that hands in the same signed bytes until they are acknowledged."""

    def __init__(
        self,
        address: str,
        desk_pass: Pass,
        signer: Signer,
        acknowledged: list[tuple[str, str]],
    ) -> None:
        super().__init__(address, desk_pass, signer)
        self._address, self._pass, self._acknowledged = address, desk_pass, acknowledged

    def _again(self, what: str, work: Callable[[], T]) -> T:
        """Do `work` until it is answered; raises `TimeoutError` naming `what`."""

        def attempt() -> tuple[T] | None:
            try:
                return (work(),)
            except Unreachable:
                self._reconnect()
            except Refused as refusal:
                if refusal.reason not in (Reason.BUSY, Reason.STORAGE):
                    raise
            return None

        return until(f"{self.officer}: {what}", SECONDS, attempt, _PAUSE)[0]

    def _reconnect(self) -> None:
        # A fresh line dials at once; an old one waits ever longer between tries.
        self._line.close()
        self._line = Line(self._address, self._pass, self.member)

    def _say(self, wanted: Wanted) -> str:
        name = wanted.kind.value
        signed = self._again(
            f"draft {name}", lambda: self._signed(wanted, self._confirm)
        )
        told = self._again(f"sign {name}", lambda: self.hand_in(signed))
        if told != envelope.read(signed).hash:
            raise AssertionError("another statement was acknowledged than was signed")
        self._acknowledged.append((self.member, told))
        return told

    def look(self, object_: str, subject: str = "", wait_ms: int = 0) -> dict[str, Any]:
        """Read, as often as it takes to be answered."""
        read = super().look
        return self._again(object_, lambda: read(object_, subject, wait_ms))

    def await_look(
        self, object_: str, subject: str, found_: Callable[[dict[str, Any]], T | None]
    ) -> T:
        """Look until `found_` sees what it waits for."""
        return until(
            f"{self.officer} sees it in {object_}",
            SECONDS,
            lambda: found_(self.look(object_, subject)),
            _PAUSE,
        )


@dataclass
class Case:
    """One case to be played, and how far it has come."""

    holder: str
    granted: bool = True
    query: str = ""
    request: str = ""
    record: dict[str, Any] = field(default_factory=dict)


@dataclass
class Cast:
    """The officers of a grid at their desks."""

    asker: Patient
    supervisor: Patient
    custodians: dict[str, Patient]

    @classmethod
    def of(cls, grid: Grid) -> Cast:
        """Everybody sits down."""
        return cls(
            grid.desk("police", "si-rao"),
            grid.desk("police", "sp-nair"),
            {one: grid.desk(one, officer) for one, officer in CUSTODIANS.items()},
        )

    def play(self, case: Case) -> Case:
        """Play a case to its end: ask, answer, request, decide, disclose or deny."""
        self.ask(case)
        handle = self.await_handle(case)
        self.request(case, handle)
        self.decide(case)
        case.record = self.await_end(case)
        return case

    def ask(self, case: Case) -> None:
        """The suspect is asked for at one holder, and the supervisor approves."""
        case.query = self.asker.ask(
            {key: list(value) for key, value in SUSPECT.items()},
            purpose="investigation",
            sections=list(SECTIONS),
            case=FIR,
            targets=[case.holder],
        )
        self.supervisor.approve(case.query)

    def await_handle(self, case: Case) -> str:
        """Wait for the holder's hit; returns the best candidate's handle."""

        def hit(shown: dict[str, Any]) -> str | None:
            answer = shown["targets"][case.holder]
            found_ = answer.get("candidates") or ()
            return str(found_[0]["handle"]) if found_ else None

        return self.asker.await_look("answers", case.query, hit)

    def request(self, case: Case, handle: str) -> None:
        """Fields are asked for, and the supervisor approves."""
        case.request = self.asker.request(
            case.query, case.holder, handle, FIELDS[case.holder], JUSTIFICATION
        )
        self.supervisor.approve(case.request)

    def decide(self, case: Case) -> None:
        """The holder's custodian gets the request and decides."""
        custodian = self.custodians[case.holder]
        custodian.await_look("inbox", "", lambda shown: _waits(shown, case.request))
        if case.granted:
            custodian.approve(case.request)
        else:
            custodian.refuse(case.request, "not-necessary")

    def await_end(self, case: Case) -> dict[str, Any]:
        """Wait until the asker's profile shows the end; returns the record, if any."""
        wanted = "disclosed" if case.granted else "denied"

        def ended(profile: dict[str, Any]) -> dict[str, Any] | None:
            (source,) = profile["sources"]
            (one,) = source["requests"]
            return one if one["state"] == wanted else None

        return dict(self.asker.await_look("profile", case.query, ended)["record"])


def _waits(shown: dict[str, Any], name: str) -> bool | None:
    return any(one["hash"] == name for one in shown["waiting"]) or None
