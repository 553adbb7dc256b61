"""What a source is worth to a search, before it is indexed: counts, never a value.

`Tally` takes rows one by one and counts; `recall` says what the gaps cost; `spoken` and
`page` show it. Nothing here opens a source, keeps a value, or changes anything. Places
are named by row number and column.
"""

from __future__ import annotations

from .report import Defect, Filling, Quality
from .tally import Tally

__all__ = ["Defect", "Filling", "Quality", "Tally"]
