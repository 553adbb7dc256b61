"""A small grid of statements: everything that three agencies said in two days.

One agency asks, two hold; a coordinator and two auditors' stations stand beside them.
`story` performs queries, answers, approvals, a disclosure with its receipt, a refusal,
a target that is away, a disclosure that ended void and one that is still pending. Every
log is real, every checkpoint is gathered from real witnesses.
"""

from __future__ import annotations

import hashlib
from typing import Any

from audit.cast import (
    CATEGORY,
    CHILD,
    DAY,
    FIELDS,
    HOUR,
    HUB,
    NORTH,
    OFFICERS,
    POLICE,
    PRISON,
    SECTIONS,
    seed,
)
from audit.parties import Parties
from childgrid_log.leaves import draft_of
from childgrid_wire import canonical
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


class World(Parties):
    """The parties, and what they do one after the other."""

    def ask(self, name: str, *, rehearsal: bool = False, **outcomes: str) -> Statement:
        """A query with its case and approval, and what each target answers.

        `outcomes` maps `child` and `prison` to hit, none, or `away`.
        """
        targets = {"child": CHILD, "prison": PRISON}
        asked = [targets[one] for one in outcomes]
        logs = [HUB, *(targets[t] for t, how in outcomes.items() if how != "away")]
        case = hashlib.sha256(name.encode()).hexdigest()
        attestation = self.say(
            f"{name} case",
            POLICE,
            Kind.CASE,
            POLICE,
            *logs,
            case=case,
            basis="fir",
            asker="si-rao",
            capacity="investigating-officer",
            sections=SECTIONS,
        )
        query = self.say(
            f"{name} query",
            POLICE,
            Kind.QUERY,
            POLICE,
            *logs,
            officer="si-rao",
            hours=48,
            purpose="investigation",
            sections=SECTIONS,
            case=case,
            attestation=attestation.hash,
            targets={
                t: {"ciphertext": "c1" * 32, "sealing_key": "d2" * 32} for t in asked
            },
            scheme=self._directory["scheme"],
            epoch=1,
            rehearsal=rehearsal,
        )
        self.approve(f"{name} query approval", query, POLICE, "sp-nair", POLICE, *logs)
        for short, how in outcomes.items():
            if how != "away":
                self._answer(f"{name} {short} answer", query, targets[short], how)
        return query

    def approve(
        self, name: str, subject: Statement, member: str, officer: str, *logs: str
    ) -> Statement:
        """An approval of a query or a request."""
        side = "requester" if member == POLICE else "holder"
        policies = self.parties[HUB].shelf.book.latest(self.now).policies
        return self.say(
            name,
            member,
            Kind.APPROVAL,
            *logs,
            officer=officer,
            answers=subject.hash,
            subject=subject.kind.value,
            side=side,
            slot="supervisor" if side == "requester" else "custodian",
            fields=FIELDS if subject.kind is Kind.REQUEST else [],
            policy=policies[member].hash if side == "holder" else "",
        )

    def _answer(self, name: str, query: Statement, target: str, how: str) -> None:
        candidate = {
            "handle": hashlib.sha256(name.encode()).hexdigest()[:32],
            "probability": 9_100,
            "band": "strong",
            "others": 0,
            "calibrated": True,
            "category": CATEGORY[target],
            "as_of": self.now - DAY,
        }
        self.say(
            name,
            target,
            Kind.ANSWER,
            target,
            HUB,
            POLICE,
            answers=query.hash,
            outcome=how,
            reason="",
            candidates=[candidate] if how == "hit" else [],
            as_of=self.now - DAY,
        )

    def request(self, name: str, query: str, short: str) -> Statement:
        """A request for a candidate, with the requester's own approval."""
        holder = {"child": CHILD, "prison": PRISON}[short]
        asked = self.named[f"{query} query"]
        answer = self.named[f"{query} {short} answer"]
        logs = (POLICE, HUB, holder)
        request = self.say(
            f"{name} request",
            POLICE,
            Kind.REQUEST,
            *logs,
            officer="si-rao",
            hours=48,
            query=asked.hash,
            answer=answer.hash,
            handle=answer["candidates"][0]["handle"],
            holder=holder,
            purpose="investigation",
            sections=SECTIONS,
            case=asked["case"],
            fields=FIELDS,
            policy=self.parties[HUB].shelf.book.latest(self.now).policy(holder).hash,
            directory=1,
            recipient_key=canonical.to_b64(seed(name)),
            justification="e3" * 32,
        )
        self.approve(f"{name} own approval", request, POLICE, "sp-nair", *logs)
        return request

    def release(
        self,
        name: str,
        *,
        fetched: bool = True,
        **changes: Any,
    ) -> Statement:
        """The holder's approval and a disclosure; `fetched` by the requester or not."""
        request = self.named[f"{name} request"]
        holder = request["holder"]
        officer = next(iter(OFFICERS[holder]))
        own = self.named[f"{name} own approval"]
        given = self.approve(
            f"{name} approval", request, holder, officer, holder, HUB, POLICE
        )
        approvals = sorted([own.hash, given.hash])
        logs = (holder, HUB, POLICE) if fetched else (holder,)
        disclosure = self.disclose(name, *logs, approvals=approvals, **changes)
        self.gather(holder)
        self.proofs[disclosure.hash] = self.proof(holder)
        return disclosure

    def disclose(
        self,
        name: str,
        *logs: str,
        **changes: Any,
    ) -> Statement:
        """A disclosure as the request asks for it, but for some changes."""
        request = self.named[f"{name} request"]
        holder = request["holder"]
        view = self.parties[HUB].shelf.book.latest(self.now)
        body = {
            "request": request.hash,
            "ciphertext": "f4" * 32,
            "directory": view.directory.hash,
            "floor": view.rules().hash,
            "staff": {m: view.staff[m].hash for m in (POLICE, holder)},
            "policy": view.policy(holder).hash,
            "fields": FIELDS,
            "recipient_key": request["recipient_key"],
            "requester": POLICE,
            "category": CATEGORY[holder],
            "row_as_of": self.now - DAY,
        }
        return self.say(
            f"{name} disclosure",
            holder,
            Kind.DISCLOSURE,
            *logs,
            answers=request.hash,
            **{**body, **changes},
        )

    def end(self, name: str, kind: Kind) -> Statement:
        """A receipt by the requester, or a void by the holder."""
        disclosure = self.named[f"{name} disclosure"]
        holder = disclosure.issuer
        if kind is Kind.VOID:
            body: dict[str, Any] = {"reason": "expired"}
            author, logs = holder, [holder, HUB, POLICE]
        else:
            body = {"ciphertext": disclosure["ciphertext"], "opened": True}
            author, logs = POLICE, [POLICE, HUB, holder]
        return self.say(
            f"{name} {kind.value}",
            author,
            kind,
            *logs,
            answers=disclosure.hash,
            disclosure=disclosure.hash,
            **body,
        )

    def refuse(self, name: str) -> Statement:
        """The holder's custodian refuses a request."""
        request = self.named[f"{name} request"]
        holder = request["holder"]
        return self.say(
            f"{name} refusal",
            holder,
            Kind.REFUSAL,
            holder,
            HUB,
            POLICE,
            officer=next(iter(OFFICERS[holder])),
            answers=request.hash,
            subject="request",
            reason="not-necessary",
        )

    def export_logged(self, name: str) -> Statement:
        """An auditor logs that it took statements out."""
        newest = self._directory.hash
        return self.say(name, NORTH, Kind.MANIFEST, NORTH, files={}, directory=newest)

    def shredded_story(self) -> None:
        """A search that led to nothing; when it is old two entries are shredded."""
        self.ask("first", child="none")
        self.gather()
        self.mirror()
        self.now += 181 * DAY
        party = self.parties[CHILD]
        body = {"party": CHILD, "entries": [0, 1], "head": party.log.root().hex()}
        gone = (self.named["first case"].hash, self.named["first query"].hash)
        body |= {"statements": sorted(gone)}
        said = self.say("shred", CHILD, Kind.SHRED, **body)
        with party.log.transaction() as tx:
            told = tx.seal(draft_of(said, self.now))
            tx.shred(0, told)
            tx.shred(1, told)
        self.now += 2 * HOUR
        self.gather()


def story(world: World) -> World:
    """Everything that happened; see the module. Ends two hours before an export."""
    world.gather(HUB)
    world.now += HOUR
    world.ask("first", child="hit", prison="hit")
    world.request("given", "first", "child")
    world.release("given")
    world.end("given", Kind.RECEIPT)
    world.request("denied", "first", "prison")
    world.refuse("denied")
    world.say(
        "look",
        POLICE,
        Kind.VIEW,
        POLICE,
        officer="si-rao",
        object="profile",
        subject="",
    )
    world.export_logged("earlier export")
    world.export_logged("second export")
    world.gather()
    world.now += HOUR
    world.ask("second", child="none", prison="away")
    world.ask("third", prison="hit")
    world.request("lapsed", "third", "prison")
    world.release("lapsed", fetched=False)
    world.end("lapsed", Kind.VOID)
    world.gather()
    world.mirror()
    world.now += 2 * DAY
    world.ask("fourth", child="hit")
    world.request("waiting", "fourth", "child")
    world.release("waiting", fetched=False)
    world.log(world.named["waiting disclosure"], HUB)
    world.now += 3 * HOUR
    world.gather()
    return world
