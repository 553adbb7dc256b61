"""Opening what an agency keeps beside a statement: ask, agree, and read it.

What one person may do with the own key over the station's log. The key to read with is
derived from the person's own by the statement's random id, so it lies nowhere and only
that person has it. Whoever reads signs a `view` first, which is logged: a reading that
leaves no leaf isn't shown. One person's word opens nothing; `childgrid_wire.openings`
says what does, and the keeper judges it again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from childgrid_audit.letterbox import content_path
from childgrid_audit.opened import Opening, gathered, of_log
from childgrid_audit.workbench.pen import Pen
from childgrid_wire import canonical, openings, seal
from childgrid_wire.errors import ConfigurationRefused, Malformed, Reason, Refused
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_INFO = b"childgrid/v1 opening\x00"
_VIEW_SECONDS = 300


@dataclass(frozen=True)
class Opener:
    """One auditor's openings, by their pen."""

    pen: Pen

    def all(self) -> list[Opening]:
        """What this station has said and heard about openings, the latest first."""
        return gathered(said for _, said in of_log(self.pen.log))

    def find(self, name: str) -> Opening:
        """One opening by its hash; raises `Refused` where the station has none."""
        for one in self.all():
            if one.said.hash == name:
                return one
        raise Refused(Reason.UNKNOWN, "opening")

    def ask(self, party: str, subject: str, ground: str) -> str:
        """Ask that what `party` keeps beside a statement be opened; returns the hash.

        Raises:
            Malformed, Refused, Untrusted: out of form, or not this person's to ask.
        """
        name = secrets.token_hex(16)
        return self.pen.say(
            Kind.OPENING,
            openings.MOST_SECONDS,
            openings.check_opening,
            id=name,
            party=party,
            subject=subject,
            ground=ground,
            recipient_key=canonical.to_b64(seal.public_of(self._private(name))),
        ).hash

    def agree(self, name: str) -> str:
        """Agree, as the second person, to exactly this opening; returns the hash.

        Raises:
            Refused, Untrusted: the own wish, agreed to or over already, or not for
                this person.
        """
        found = self.find(name)
        if found.agreement is not None:
            raise Refused(Reason.DECIDED, "approval")
        wish, ours = found.said, secrets.token_hex(16)
        return self.pen.say(
            Kind.APPROVAL,
            max(0, wish.expires - int(self.pen.clock())),
            lambda view, said: openings.check_pair(view, wish, said),
            id=ours,
            answers=wish.hash,
            subject=openings.SLOT,
            side="requester",
            slot=openings.SLOT,
            fields=[],
            policy="",
            recipient_key=canonical.to_b64(seal.public_of(self._private(ours))),
        ).hash

    def read(self, name: str) -> dict[str, Any]:
        """What was opened, for one of the two persons; logs that it was looked at.

        Raises:
            Refused: not opened, gone by now, or sealed to other people.
            StoreError: the log refuses; nothing is shown.
        """
        found = self.find(name)
        own = self._own(found)
        if found.opened is None:
            raise Refused(Reason.NOT_APPROVED, "opening")
        half = self._half(found, first=own is found.said)
        self.pen.say(
            Kind.VIEW,
            _VIEW_SECONDS,
            lambda *_: None,
            object=openings.SLOT,
            subject=found.opened.hash,
        )
        private = self._private(own.id)
        content = seal.unseal(half, private, openings.binding(found.said, own))
        return _checked(canonical.loads(content), found.said["subject"])

    def keeps(self, found: Opening) -> bool:
        """Whether this station still has what was opened."""
        folder = self.pen.folder
        return folder is not None and content_path(folder, found.said.hash).exists()

    def _own(self, found: Opening) -> Statement:
        """The word of the two that is this person's."""
        for said in (found.said, found.agreement):
            if said is not None and said.person == self.pen.person:
                return said
        raise Refused(Reason.WRONG_ROLE, "opening")

    def _half(self, found: Opening, *, first: bool) -> bytes:
        """The half of the kept ciphertext that is sealed to the one or the other."""
        folder, opened = self.pen.folder, found.opened
        path = content_path(folder, found.said.hash) if folder else None
        if path is None or opened is None or not path.exists():
            raise Refused(Reason.UNKNOWN, "what was opened is kept no more")
        data = path.read_bytes()
        if seal.digest(data) != opened["ciphertext"]:
            raise Malformed("opened.ciphertext")
        middle = len(data) // 2
        return data[:middle] if first else data[middle:]

    def _private(self, name: str) -> bytes:
        """This person's private key for one statement (hex of its random id)."""
        if not isinstance(self.pen.signer, SeedSigner):
            raise ConfigurationRefused(
                "what is opened is read by a key in a file; one on a token only signs"
            )
        info = _INFO + name.encode("ascii")
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self.pen.signer.seed)


def _checked(content: dict[str, Any], subject: str) -> dict[str, Any]:
    """Hold what a keeper sealed to its shape: it is another's, which may be hostile."""
    if content.keys() != {"kind", "of", "kept"} or content["of"] != subject:
        raise Malformed("opened")
    if content["kind"] not in list(Kind) or not isinstance(content["kept"], dict):
        raise Malformed("opened")
    return content
