"""The desk: where the workbench gets its logs, and what it has worked out of them.

A source is a station's mirror or an exported directory. What was worked out is kept
under a key made of the checkpoints, and worked out anew, in the background, when they
change; until then the pages go on showing the state before. Verifying takes a minute
for some 50,000 statements. Nothing is shown that `verify` has not been over.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from childgrid_audit import bundle
from childgrid_audit.bundle import MANIFEST, Files
from childgrid_audit.config import Settings
from childgrid_audit.errors import MirrorInUse
from childgrid_audit.findings import Finding
from childgrid_audit.store import Store
from childgrid_audit.verify import Verifier
from childgrid_audit.workbench.work import Work, work_out
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.keyfile import read_passphrase
from childgrid_wire.shelf import Shelf

LOOK_SECONDS = 5.0
"""How often the checkpoints are looked at."""

Say = Callable[[str], None]
"""Shows a line in the terminal."""

logger = logging.getLogger(__name__)

_UNMADE = (MANIFEST, "auditor", "manifest", "is missing")


class Source(Protocol):
    """Wherever a bundle's files come from."""

    @property
    def title(self) -> str:
        """What the pages call it."""

    def key(self) -> str:
        """Names the present state; cheap to ask for."""

    def files(self) -> Files:
        """The files of the present state."""

    def excuses(self, finding: Finding) -> bool:
        """Whether a finding is only about what kind of source this is."""


@dataclass(frozen=True)
class Exported:
    """An exported directory, read once: its manifest is signed and doesn't change."""

    folder: bundle.Folder
    title: str = "an exported directory"

    def key(self) -> str:
        """See `Source`."""
        return hashlib.sha256(self.folder.get(MANIFEST, b"")).hexdigest()

    def files(self) -> Files:
        """See `Source`."""
        return self.folder

    def excuses(self, finding: Finding) -> bool:  # noqa: ARG002 - as `Source`
        """See `Source`."""
        return False


@dataclass(frozen=True)
class Mirrored:
    """A station's own mirror; it has no manifest, since nothing was handed over.

    `folder` is the mirror's, `root` the pinned fingerprint. It is opened anew each
    time, since another process writes it.
    """

    folder: Path
    root: str
    title: str = "this station's mirror"

    def key(self) -> str:
        """See `Source`."""
        store = Store(self.folder, self.root)
        notes = {bundle.checkpoint(one): store.note(one) for one in store.members()}
        return _key(notes)

    def files(self) -> Files:
        """See `Source`; raises MirrorInUse while `mirror` runs."""
        store = Store(self.folder, self.root)
        with store.locked():
            return dict(store.files())

    def excuses(self, finding: Finding) -> bool:
        """See `Source`."""
        named = (finding.file, finding.party, finding.event, finding.what)
        return named == _UNMADE


def open_mirror(settings: Settings) -> tuple[Identity, Mirrored]:
    """A station's keys and mirror, beside a witness that may be at work.

    The passphrase is asked for although only the mirror is read: who can't open the
    station has no business in it.

    Raises:
        ConfigurationRefused: no keys, another passphrase, other keys than the
            settings', or no pinned root.
    """
    passphrase = read_passphrase(settings.passphrase_file)
    identity = Identity.open(settings.state_dir / "keys", passphrase)
    if identity.member != settings.member:
        raise ConfigurationRefused("member is not the one of these keys")
    root = Shelf.open(settings.state_dir / "documents").book.root
    return identity, Mirrored(settings.state_dir / "mirror", root)


def _key(files: Files) -> str:
    """SHA-256 over all checkpoints, hex."""
    hasher = hashlib.sha256()
    for path in sorted(one for one in files if one.endswith("/checkpoint")):
        hasher.update(path.encode() + b"\x00" + files[path] + b"\x00")
    return hasher.hexdigest()


class Desk:
    """Keeps the work on one source; threads may share it."""

    def __init__(
        self,
        source: Source,
        root: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = source.title
        self._source = source
        self._verifier = Verifier(root)
        self._clock = clock
        self._turn = threading.Lock()
        self._work: Work | None = None
        self._looked = clock()
        self._busy = self._begin()

    def current(self) -> Work | None:
        """The work that is ready; None until the first state has been verified.

        Looks for newer checkpoints every few seconds.
        """
        with self._turn:
            if self._clock() >= self._looked + LOOK_SECONDS and not self.behind:
                self._looked = self._clock()
                if self._work is None or self._source.key() != self._work.key:
                    self._busy = self._begin()
            return self._work

    def _begin(self) -> threading.Thread:
        begun = threading.Thread(target=self._redo, name="verifying", daemon=True)
        begun.start()
        return begun

    @property
    def behind(self) -> bool:
        """Whether a newer state is being verified just now."""
        return self._busy.is_alive()

    def wait(self) -> None:
        """Wait until nothing is being verified."""
        self._busy.join()

    def _redo(self) -> None:
        try:
            self._work = self._done()
        except MirrorInUse:
            logger.info("the mirror is being written; the pages stay as they are")

    def _done(self) -> Work:
        key = self._source.key()
        verdict = self._verifier.verify(self._source.files())
        findings = [one for one in verdict.findings if not self._source.excuses(one)]
        return work_out(key, verdict.ledger, findings, verdict.notes, lost=verdict.lost)
