"""What an agency's administrators do at the node leaves a leaf, as officers' words do.

    policy   a staff list or policy was put in force; the subject is its hash
    key      a desk pass was issued; the subject is the SHA-256 of its certificate
    index    sources are encoded anew; the subject is the SHA-256 of the mapping file
    archive  old leaves go to files; the subject is the root over all that are there
    succession  the log of this leaf follows one that the founders have closed

A `notice` of the node's own log, where auditors read it; it never hangs on the board.
What the node does by itself (its sealing keys, an index's refresh) is nobody's act. The
rule: the leaf is durable before the act reaches anybody else.
"""

from __future__ import annotations

from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_wire.kinds import Kind

_YEARS_30 = 30 * 366 * 86_400


def note(writing: Writing, office: Office, topic: str, subject: str) -> None:
    """Log one act; `topic` is one of the above, `subject` a SHA-256 in hex."""
    writing.say(
        office.speak(Kind.NOTICE, seconds=_YEARS_30, topic=topic, subject=subject)
    )
