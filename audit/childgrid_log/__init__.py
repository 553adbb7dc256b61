"""The memory that every party shares: Merkle log, checkpoints and witnesses.

Read in this order: `merkle` (hashes and proofs), `keys` and `note` (signed text),
`checkpoint` (what a log signs), `entry` (what a leaf says), `log` (the store),
`tiles` (how it is published), `witness`, `evidence` and `quorum` (who watches it).

The store treats an envelope as opaque bytes; `leaves`, `service` and `gather` are what
parties share on top of it: a statement's labels, the services, the quorum.
The rule it keeps: nothing that was acknowledged or signed is ever unsaid.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
