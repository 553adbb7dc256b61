"""Loaded before these tests: the wire sets what grpc reads once, at its import."""

import childgrid_wire  # noqa: F401 - imported for its effect
