"""The people: officers ask, approve, refuse and read at their own agency's node.

This side holds an officer's signing key and nothing else: no linkage key, no index,
no record beyond what the node shows. It reaches the own agency's desk only. What is
signed is shown first, from the exact bytes.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
