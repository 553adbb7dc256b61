"""An agency's node: the door to its own database and the judge of every release.

Read the verbs in order: `join`, `indexer`, `query`, `match`, `approve`, `disclose`,
`receive`. Raw identities live behind `register`, which only the indexer and the
disclosure may open; what leaves is an encoding sealed to one node, a score, or one
record's approved fields sealed to one requester. Where every other module belongs
stands in the zone's `README.md`.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
