"""The memory that every party shares: Merkle log, checkpoints and witnesses.

Read in this order: `merkle` (hashes and proofs), `strict`, `keys` and `note` (signed
text), `checkpoint` (what a log signs), `entry` (what a leaf says), `log` (the store,
over `schema`, `database`, `transaction` and `whole`), `tiles` and `proof` (how it is
published), `witness`, `evidence` and `quorum` (who watches it).

What a party does with its own log: `own` and `names`, `begun` and `claim`, `readers`,
`outlook`, `version`; its old part `stowing`, `archiving`, `archive`, `archive_tables`;
what may be erased `retention`, `held_copy`; `backing`, `backup`, `snapshot`,
`restored`; the one after a closed log `plea`, `lineage`. All refuse by `errors`.

The store treats an envelope as opaque bytes; `leaves`, `service` and `gather` are what
parties share on top of it: a statement's labels, the services, the quorum.
The rule it keeps: nothing that was acknowledged or signed is ever unsaid.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
