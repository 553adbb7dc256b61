"""The founders: who is in the grid, under which floor, with which scheme.

They work offline, m of n. What they decide becomes the next version of a signed
document (`directory`, `floor`, `drafts`); a member comes in by a token and an
enrolment (`tokens`, `admission`); the folder that remembers all of it is an
`Authority` (`authority`, `founding`), and `inbox` carries documents to the board.

Nothing here ever sees a query, an encoding, a record or the linkage key.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
