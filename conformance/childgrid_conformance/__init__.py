"""The test grid: what any implementation of a node is held against, over gRPC.

The kit founds a training grid around the node under test and plays everybody else in
it: founders, coordinator, asking agency, officers, auditors and witnesses. It brings no
node: what it sends as encodings was written down beforehand (`vectors.json`).
"""

import childgrid_wire

__all__ = ["childgrid_wire"]
