"""The meeting point: it carries what agencies say to each other and decides nothing.

Read in this order: `search` (a query comes in), `match` (it is put to its targets),
`rank` (what their answers amount to), `approve` and `request` (what may follow and in
which order), `relay` (mailboxes), `board` (signed documents), `joining`,
`witnessing`. `query` and `request` are pure; `store` keeps, `journal` logs, `server`
translates, `app` wires.

It holds no key of an agency, encodes nothing and opens nothing sealed. Nodes believe
it in nothing: whatever is checked here only spares them useless work.
The rule it keeps: logged, then stored, then acknowledged.
"""

# The wire settles which versions of TLS are spoken, and only before grpc is loaded.
import childgrid_wire  # noqa: F401
