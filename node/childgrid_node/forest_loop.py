"""A forest walked by a compiled loop: `forest` says what it means.

Decides nothing: features, cuts and leaves come from the scheme.
"""

from __future__ import annotations

from typing import Any

from childgrid_node.compiled import compiled


@compiled("void(int64[:,::1], int64[::1], int64[::1], int64[::1], int64, int64[::1])")
def walk(  # type: ignore[no-untyped-def]
    values,  # noqa: ANN001
    feature,  # noqa: ANN001
    cut,  # noqa: ANN001
    leaf,  # noqa: ANN001
    depth,  # noqa: ANN001
    total,  # noqa: ANN001
) -> Any:  # noqa: ANN401
    """Add to ``total``, ``int64[n]``, the leaf of each tree that each row comes to."""
    inner = 2**depth - 1
    for tree in range(feature.shape[0] // inner):
        first, leaves = tree * inner, tree * (inner + 1) - inner
        for row in range(values.shape[0]):
            at = 0
            for _ in range(depth):
                node = first + at
                at = 2 * at + 1 + (values[row, feature[node]] > cut[node])
            total[row] += leaf[leaves + at]
