"""Whole columns of a register to encodings, the same rows as ``encode`` bit for bit.

Each distinct cell is read once, each distinct word hashed once; rows are put together
from that by compiled loops. One person at a time, `normalise` and `encode` are the
reference, and the way for whatever the short ways here are not sure of.
"""

from __future__ import annotations

from .batch import Batch, BatchEncoder, Fault

__all__ = ["Batch", "BatchEncoder", "Fault"]
