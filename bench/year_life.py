"""An ordinary year: officers search, superiors read and sign, custodians decide.

Times of day, rests on Sundays, reading times, offline targets, refusals, lapsed
requests and late outcomes follow simple distributions; their parameters stand here
and in `year_cast`, each chosen to look like work, none measured anywhere.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.year_cast import (
    DAY,
    DAYS,
    FIELDS,
    HOLDERS,
    HUB,
    PURPOSES,
    SECTIONS,
    START,
    SWAP,
    Cast,
    Officer,
)
from bench.year_pen import Pen
from childgrid_wire import canonical
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

HOUR = 3_600
_SEALED = {"ciphertext": "c1" * 32, "sealing_key": "d2" * 32}
_DENIALS = ("not-necessary", "not-this-person", "weak-basis")


@dataclass
class Life:
    """One year being lived; `pen` writes it down."""

    cast: Cast
    pen: Pen
    rng: random.Random

    def __post_init__(self) -> None:
        book = self.cast.book()
        view = book.latest(self.pen.now)
        self._directory = view.directory
        self._floor = view.rules()
        self._policies = {name: view.policy(name).hash for name in HOLDERS}
        self._staff = [
            {m: book.as_of(when).staff[m].hash for m in HOLDERS}
            for when in (START, SWAP)
        ]

    def moment(self, night: float, first: int = 0, last: int = DAYS) -> int:
        """A time between two days of the year; at night with this probability."""
        rng = self.rng
        day = rng.randrange(first, last)
        while _sunday(day) and rng.random() > 0.05:
            day = rng.randrange(first, last)
        if rng.random() < night:
            hour = rng.uniform(20, 32) % 24
        else:
            hour = rng.triangular(8, 20, 12)
        return START + day * DAY + int(hour * HOUR)

    def case(self, officer: Officer) -> str:
        """One of the officer's cases, or a new one."""
        if not officer.cases or self.rng.random() < 0.6:
            officer.cases.append(self.pen.hexes(32))
        return self.rng.choice(officer.cases[-4:])

    def approver(self, officer: Officer, when: int) -> str:
        """Which superior gets to decide; whoever has another office is passed over."""
        if officer.favour and self.rng.random() < officer.favoured:
            return officer.favour
        free = [one for one in officer.approvers if self.serves(one, when)]
        return self.rng.choice(free)

    def serves(self, person: str, when: int) -> bool:
        """Whether this superior is one then, after two people have changed places."""
        return when < SWAP - 8 * DAY or person not in self.cast.swapped

    def reading(self, person: str) -> int:
        """Seconds between opening and deciding."""
        reader = self.cast.readers[person]
        if self.rng.random() < reader.glance:
            return self.rng.randint(1, 5)
        return max(2, int(reader.median * math.exp(self.rng.gauss(0, 0.6))))

    def search(
        self,
        officer: Officer,
        when: int,
        *,
        case: str = "",
        approver: str = "",
        spent: bool = False,
    ) -> Told:
        """A query, its approval and its answers; `spent` lets targets refuse it."""
        case = case or self.case(officer)
        rng, asker = self.rng, officer.person.partition("/")[0]
        others = [one for one in HOLDERS if one != asker]
        targets = sorted(rng.sample(others, rng.choice((1, 1, 2, 2, 3))))
        away = {t for t in targets if not spent and rng.random() < 0.03}
        late = {t for t in sorted(away) if rng.random() < 0.5}
        logs = (asker, HUB, *(t for t in targets if t not in away - late))
        query = self.query(officer, when, case, targets, logs)
        told = Told(officer, query, logs)
        signed = self.approve(told, query, approver or self.approver(officer, when))
        for target in targets:
            if target in late:
                self._answer(told, target, signed + rng.randint(2, 40) * HOUR, False)
            elif target not in away:
                self._answer(told, target, signed + rng.randint(1, 6), spent)
        return told

    def query(
        self,
        officer: Officer,
        when: int,
        case: str,
        targets: Sequence[str],
        logs: Sequence[str],
    ) -> Statement:
        """The agency's attestation and the officer's query."""
        asker, _, name = officer.person.partition("/")
        sections = [self.rng.choice(SECTIONS)]
        attestation = self.pen.say(
            Kind.CASE,
            asker,
            when - 30,
            logs,
            case=case,
            basis="fir",
            asker=name,
            capacity="investigating-officer",
            sections=sections,
        )
        return self.pen.say(
            Kind.QUERY,
            officer.person,
            when,
            logs,
            seconds=7 * DAY,
            purpose=self.rng.choices(PURPOSES, (4, 1))[0],
            sections=sections,
            case=case,
            attestation=attestation.hash,
            targets=dict.fromkeys(targets, _SEALED),
            scheme=self._directory["scheme"],
            epoch=1,
            rehearsal=False,
        )

    def look(self, person: str, object_: str, subject: Statement, when: int) -> None:
        """A person opens something; it is logged at home."""
        own = (person.partition("/")[0],)
        self.pen.say(Kind.VIEW, person, when, own, object=object_, subject=subject.hash)

    def approve(self, told: Told, subject: Statement, person: str) -> int:
        """Somebody opens a query or request and approves; returns when."""
        side = "holder" if person in self._custodians(subject) else "requester"
        wait = self.rng.randint(2 * HOUR, 20 * HOUR) if side == "holder" else 0
        opened = subject.issued + wait + self.rng.randint(60, 1_800)
        when = opened + self.reading(person)
        self.look(person, subject.kind.value, subject, opened)
        asked = subject.kind is Kind.REQUEST
        made = self.pen.say(
            Kind.APPROVAL,
            person,
            when,
            told.logs_of(subject),
            answers=subject.hash,
            subject=subject.kind.value,
            side=side,
            slot="custodian" if side == "holder" else "supervisor",
            fields=FIELDS if asked else [],
            policy=self._policies[subject["holder"]] if side == "holder" else "",
        )
        told.approvals.append(made)
        return when

    def _custodians(self, subject: Statement) -> tuple[str, ...]:
        asked = subject.kind is Kind.REQUEST
        return self.cast.custodians[subject["holder"]] if asked else ()

    def refuse(self, told: Told, subject: Statement, person: str) -> Statement:
        """Somebody opens a query or request and refuses it."""
        opened = subject.issued + self.rng.randint(60, 4 * HOUR)
        self.look(person, subject.kind.value, subject, opened)
        return self.pen.say(
            Kind.REFUSAL,
            person,
            opened + self.reading(person),
            told.logs_of(subject),
            answers=subject.hash,
            subject=subject.kind.value,
            reason=self.rng.choice(_DENIALS),
        )

    def _answer(self, told: Told, target: str, when: int, spent: bool) -> None:
        hit = not spent and self.rng.random() < told.rate
        candidate = {
            "handle": self.pen.hexes(16),
            "probability": self.rng.randint(6_000, 9_900),
            "band": self.rng.choice(("strong", "possible")),
            "others": self.rng.randint(0, 3),
            "calibrated": True,
            "category": HOLDERS[target],
            "as_of": when - HOUR,
        }
        outcome = "refused" if spent else "hit" if hit else "none"
        said = self.pen.say(
            Kind.ANSWER,
            target,
            when,
            (target, HUB, told.asker),
            answers=told.query.hash,
            outcome=outcome,
            reason="budget" if spent else "",
            candidates=[candidate] if hit else [],
            as_of=when - HOUR,
        )
        told.answers.append(said)

    def request(self, told: Told, answer: Statement, when: int) -> Statement:
        """A request for the record behind an answer."""
        query = told.query
        return self.pen.say(
            Kind.REQUEST,
            told.officer.person,
            when,
            (told.asker, HUB, answer.issuer),
            seconds=3 * DAY,
            query=query.hash,
            answer=answer.hash,
            handle=answer["candidates"][0]["handle"],
            holder=answer.issuer,
            purpose=query["purpose"],
            sections=query["sections"],
            case=query["case"],
            fields=FIELDS,
            policy=self._policies[answer.issuer],
            directory=1,
            recipient_key=canonical.to_b64(self.rng.randbytes(32)),
            justification="e3" * 32,
        )

    def rejected(self, officer: Officer, when: int) -> None:
        """A superior refuses; a third of the officers explain themselves and ask again.

        Nearly always the same superior thinks again; sometimes it is another's turn.
        """
        case, asker = self.case(officer), officer.person.partition("/")[0]
        targets = self.rng.sample([one for one in HOLDERS if one != asker], 2)
        query = self.query(officer, when, case, targets, (asker,))
        superior = self.approver(officer, when)
        self.refuse(Told(officer, query, (asker,)), query, superior)
        if self.rng.random() < 0.3:
            other = self.rng.random() < 0.05
            again = self.approver(officer, when) if other else superior
            told = self.search(officer, when + 8 * HOUR, case=case, approver=again)
            self.follow(told)

    def follow(self, told: Told) -> None:
        """What an officer makes of the hits: a request each, or none at all."""
        hits = [one for one in told.answers if one["outcome"] == "hit"]
        if not hits or self.rng.random() < told.officer.idle:
            return
        for answer in hits:
            when = answer.issued + self.rng.randint(300, 6 * HOUR)
            self.pursue(told, self.request(told, answer, when))

    def pursue(self, told: Told, request: Statement, custodian: str = "") -> None:
        """The decisions on a request, and what is released."""
        officer = told.officer
        if self.rng.random() < officer.ignored:
            return
        own = self.approver(officer, request.issued)
        self.approve(told, request, own)
        custodian = custodian or self.rng.choice(self._custodians(request))
        if self.rng.random() < 0.12:
            self.refuse(told, request, custodian)
            return
        when = self.approve(told, request, custodian)
        self.release(told, request, when + self.rng.randint(2, 30))

    def release(self, told: Told, request: Statement, when: int) -> None:
        """A disclosure under the two latest approvals, fetched or void."""
        holder, fetched = request["holder"], self.rng.random() > 0.02
        logs = (holder, HUB, told.asker)
        staff = self._staff[when >= SWAP]
        given = self.pen.say(
            Kind.DISCLOSURE,
            holder,
            when,
            logs if fetched else (holder,),
            answers=request.hash,
            request=request.hash,
            ciphertext="f4" * 32,
            directory=self._directory.hash,
            floor=self._floor.hash,
            staff={name: staff[name] for name in (told.asker, holder)},
            policy=self._policies[holder],
            approvals=sorted(one.hash for one in told.approvals[-2:]),
            fields=FIELDS,
            recipient_key=request["recipient_key"],
            requester=told.asker,
            category=HOLDERS[holder],
            row_as_of=when - DAY,
        )
        if not fetched:
            body = {"disclosure": given.hash, "reason": "expired"}
            self.pen.say(
                Kind.VOID, holder, request.expires, logs, answers=given.hash, **body
            )
            return
        self._receive(told, given, when + self.rng.randint(20, 2 * HOUR))

    def _receive(self, told: Told, given: Statement, when: int) -> None:
        logs = (told.asker, HUB, given.issuer)
        self.pen.say(
            Kind.RECEIPT,
            told.asker,
            when,
            logs,
            answers=given.hash,
            disclosure=given.hash,
            ciphertext=given["ciphertext"],
            opened=True,
        )
        if self.rng.random() < told.officer.report:
            later = when + self.rng.randint(5 * DAY, 60 * DAY)
            self.pen.say(
                Kind.REVIEW,
                told.officer.person,
                later,
                logs,
                answers=given.hash,
                subject="outcome",
                pairs=1,
                agreed=1,
                result=given.hash,
                disposal="charge-sheeted",
            )


@dataclass
class Told:
    """A query under way: what belongs to it so far."""

    officer: Officer
    query: Statement
    logs: tuple[str, ...]

    def __post_init__(self) -> None:
        self.asker = self.query.issuer
        self.approvals: list[Statement] = []
        self.answers: list[Statement] = []
        targets = len(self.query["targets"])
        self.rate = 1 - (1 - self.officer.hit) ** (1 / targets)

    def logs_of(self, subject: Statement) -> tuple[str, ...]:
        """The logs that take in a decision on this query or request."""
        if subject.kind is Kind.QUERY:
            return self.logs
        return (self.asker, HUB, subject["holder"])


def _sunday(day: int) -> bool:
    """1 January 2027 is a Friday."""
    return day % 7 == 2
