"""The measure: quality, speed and attacks, each ``python -m bench.NAME --json OUT``.

Nothing here encodes, compares or scores: it calls the node's own code.
"""
