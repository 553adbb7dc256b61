"""A node on a machine whose wall clock is put forward, hour by hour.

Runs as `python -m process.quick serve --config …`. The program is the node's own. What
it does every ten minutes or quarter of a minute, by the clock that can't be put
forward, it does so often that it still happens many times in a day.
"""

from __future__ import annotations

from childgrid_node import app
from childgrid_node.__main__ import main

app._HOUSEKEEPING_SECONDS = 1.0
app._ROTATION_SECONDS = 1.0

if __name__ == "__main__":
    main()
