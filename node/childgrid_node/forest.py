"""Trees of the second stage, in integers: read, checked, and summed.

All trees are full and of one depth. Node n has the children 2n + 1 and 2n + 2; a row
goes right where its feature is above the node's cut. Features are in millinats or
counts, leaves in millinats. What is read is checked: where a feature may only raise
(or only lower) a probability, no leaf right of a cut is below (above) one left of it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from childgrid_node.index_errors import SchemeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from childgrid_node.scheme_parse import Part

NEVER = 2**31 - 1
MAX_DEPTH = 6
MAX_TREES = 1_000
MAX_LEAF = 20_000


@cache
def _walk() -> Any:  # noqa: ANN401
    """The compiled loop where there is numba, once something is scored; else None."""
    try:
        return importlib.import_module("childgrid_node.forest_loop").walk
    except ImportError:
        return None


@dataclass(frozen=True)
class Tree:
    """Features by place in ``Forest.features``, cuts, and leaves from left to right."""

    feature: tuple[int, ...]
    cut: tuple[int, ...]
    leaf: tuple[int, ...]


@dataclass(frozen=True)
class Forest:
    """Trees of one depth over named features; none at all is allowed."""

    features: tuple[str, ...]
    depth: int
    trees: tuple[Tree, ...]

    def add(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of all trees in millinats for ``int64[n, features]``."""
        if not self.trees:
            return np.zeros(len(values), np.int64)
        rows = np.ascontiguousarray(values, np.int64)
        if (walk := _walk()) is None:
            return self._picked(rows)
        total = np.zeros(len(rows), np.int64)
        walk(rows, *self._arrays, self.depth, total)
        return total

    def _picked(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the same as ``add``, of all trees at once."""
        feature, cut, leaf = self._arrays
        # Taken from flat arrays, which costs a third of picking by tree and node.
        inner, count, flat = 2**self.depth - 1, len(self.trees), rows.ravel()
        row = np.arange(len(rows))[:, None] * rows.shape[1]
        first = np.arange(count) * inner
        at = np.zeros((len(rows), count), np.intp)
        for _ in range(self.depth):
            node = at + first
            above = flat.take(feature.take(node) + row) > cut.take(node)
            at = 2 * at + 1 + above
        leaves = at - inner + np.arange(count) * (inner + 1)
        total: NDArray[np.int64] = leaf.take(leaves).sum(axis=1)
        return total

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Features, cuts and leaves of all trees, one tree behind the other."""
        return (
            np.array([tree.feature for tree in self.trees], np.int64).ravel(),
            np.array([tree.cut for tree in self.trees], np.int64).ravel(),
            np.array([tree.leaf for tree in self.trees], np.int64).ravel(),
        )


def read(part: Part, known: dict[str, int]) -> Forest:
    """Return the forest in ``part``.

    Args:
        part: ``features``, ``depth`` and ``trees``.
        known: every feature there is: 1 may only raise, -1 only lower, 0 both.

    Raises:
        SchemeError: an unknown feature, a tree of another size, or one that lets a
            feature act against its direction.
    """
    features = part.texts("features")
    depth = part.number("depth", 1, MAX_DEPTH)
    if unknown := set(features) - known.keys():
        raise SchemeError(f"{part.path}: unknown features {sorted(unknown)}")
    trees = tuple(_tree(each, len(features), depth) for each in part.parts("trees"))
    if len(trees) > MAX_TREES:
        raise SchemeError(f"{part.path}: more than {MAX_TREES} trees")
    part.close()
    directions = [known[name] for name in features]
    for number, tree in enumerate(trees):
        if not _keeps(tree, directions):
            raise SchemeError(f"{part.path}: tree {number} acts against a direction")
    return Forest(features, depth, trees)


def _tree(part: Part, features: int, depth: int) -> Tree:
    tree = Tree(
        part.numbers("feature", 0, features - 1),
        part.numbers("cut", -NEVER, NEVER),
        part.numbers("leaf", -MAX_LEAF, MAX_LEAF),
    )
    inner = 2**depth - 1
    if [len(tree.feature), len(tree.cut), len(tree.leaf)] != [inner, inner, inner + 1]:
        raise SchemeError(f"{part.path}: a tree of another depth")
    part.close()
    return tree


def _keeps(tree: Tree, directions: list[int]) -> bool:
    for node, feature in enumerate(tree.feature):
        if directions[feature] and tree.cut[node] != NEVER:
            left = directions[feature] * np.array(list(_below(tree, 2 * node + 1)))
            right = directions[feature] * np.array(list(_below(tree, 2 * node + 2)))
            if left.max() > right.min():
                return False
    return True


def _below(tree: Tree, node: int) -> Iterator[int]:
    """Yield the leaves below ``node``."""
    inner = len(tree.feature)
    if node >= inner:
        yield tree.leaf[node - inner]
        return
    yield from _below(tree, 2 * node + 1)
    yield from _below(tree, 2 * node + 2)
