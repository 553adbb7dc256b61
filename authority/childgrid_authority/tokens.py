"""The founders' memory of join tokens: never a secret, and what became of each.

A token is bound to the first key that comes with it. The same key again gets the same
answer; another key is refused and remembered, because it means that someone else has
held the token (the rule that SPIRE's join tokens lack).

The file keeps, for each token, its public name and the key under which proofs are
checked (both hashes of the secret). Whoever reads it could answer an open token, so it
is as private as the tokens themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from childgrid_authority.errors import EnrolmentRefused, FolderRefused, TokenReused
from childgrid_wire import canonical, keyfile
from childgrid_wire import schema as s
from childgrid_wire.errors import Malformed

OPEN, BOUND = "open", "bound"
_FORMAT = "childgrid-tokens-1"
_RECORD = s.record(
    member=s.member,
    kind=s.enum("agency", "coordinator", "auditor"),
    expires=s.time,
    replaces=s.boolean,
    certificate=s.hexes(20),
    proof_key=s.digest,
    state=s.enum(OPEN, BOUND),
    key=s.optional(s.digest),
    strangers=s.items(s.digest, 1_000),
)
_SHAPE = s.record(format=s.enum(_FORMAT), tokens=s.table(s.digest, _RECORD, 10_000))


@dataclass(frozen=True)
class TokenRecord:
    """One token: for whom, until when, and the hash of the key it is bound to.

    `replaces` says that it may put new keys in the place of a member's old ones;
    `certificate` is the serial of its joiner certificate; `strangers` are the hashes
    of other keys that came with it.
    """

    member: str
    kind: str
    expires: int
    replaces: bool
    certificate: str
    proof_key: str = field(repr=False)
    state: str = OPEN
    key: str = ""
    strangers: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, object]:
        """As the file holds it."""
        return {**vars(self), "strangers": list(self.strangers)}


class Tokens:
    """All tokens of one grid by their public names, kept in one private file."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`; a missing one means that there are none yet.

        Raises:
            FolderRefused: the file is not ours, or was altered out of shape.
        """
        self._path = path
        self._records = _read(path)

    def __iter__(self) -> Iterator[tuple[str, TokenRecord]]:
        return iter(sorted(self._records.items()))

    def __getitem__(self, name: str) -> TokenRecord:
        if name not in self._records:
            raise EnrolmentRefused("no such token was ever issued here")
        return self._records[name]

    def put(self, name: str, record: TokenRecord) -> None:
        """Remember a token's new state, on disk before in memory."""
        records = {**self._records, name: record}
        tokens = {one: known.table for one, known in records.items()}
        table = {"format": _FORMAT, "tokens": tokens}
        keyfile.write_private(self._path, canonical.dumps(table))
        self._records = records

    def claim(self, name: str, key: str, now: int) -> TokenRecord:
        """Whether the key with hash `key` may use the token; binds nothing yet.

        Raises:
            TokenReused: another key holds the token; the stranger is remembered.
            EnrolmentRefused: unknown, or run out before anyone used it.
        """
        record = self[name]
        if record.state == BOUND:
            return self._held(name, record, key)
        if record.expires <= now:
            raise EnrolmentRefused(
                f"the token for {record.member} has run out; issue another one"
            )
        return record

    def _held(self, name: str, record: TokenRecord, key: str) -> TokenRecord:
        if key == record.key:
            return record
        strangers = tuple(sorted({*record.strangers, key}))
        self.put(name, replace(record, strangers=strangers))
        raise TokenReused(
            f"a second key came with the token for {record.member}: someone else held "
            "it. Compare the first key's fingerprint by telephone; revoke what is wrong"
        )

    def bind(self, name: str, key: str) -> None:
        """Bind a token to the hash of the key that used it."""
        self.put(name, replace(self[name], state=BOUND, key=key))

    def warnings(self) -> list[str]:
        """What the founders must be told: tokens that a second key came with."""
        return [
            f"token for {record.member}: {len(record.strangers)} other key(s) came"
            for _, record in self
            if record.strangers
        ]


def _read(path: Path) -> dict[str, TokenRecord]:
    if not path.exists():
        return {}
    try:
        table = canonical.loads(path.read_bytes())
        _SHAPE(table, "tokens")
    except Malformed as error:
        raise FolderRefused(f"{path.name} is damaged; restore it") from error
    return {
        name: TokenRecord(**{**entry, "strangers": tuple(entry["strangers"])})
        for name, entry in table["tokens"].items()
    }
