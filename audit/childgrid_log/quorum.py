"""How many witnesses are enough: the rule for n, q and f.

It counts; it does not know who the witnesses are. The rule: q ≤ n − f, so that f
silent witnesses stop nothing, and 2q − n > f, so that f lying ones cannot help a log
to two cosigned views (two quorums share more than f witnesses, one of them honest).
"""

from __future__ import annotations

from dataclasses import dataclass

from childgrid_log.errors import QuorumRefused


@dataclass(frozen=True)
class Quorum:
    """n witnesses, of whom q must cosign and f may be dishonest or silent.

    Raises QuorumRefused, naming the inequality that fails.
    """

    n: int
    q: int
    f: int

    def __post_init__(self) -> None:
        if self.n < 1 or self.q < 1 or self.f < 0:
            raise QuorumRefused(
                f"n = {self.n}, q = {self.q}, f = {self.f}: n and q start at 1, f at 0"
            )
        self._check_live()
        self._check_safe()

    def _check_live(self) -> None:
        if self.q > self.n - self.f:
            raise QuorumRefused(
                f"q ≤ n − f fails: {self.q} > {self.n} − {self.f} = {self.n - self.f}, "
                "so silent witnesses could stop every release: lower q or add witnesses"
            )

    def _check_safe(self) -> None:
        overlap = 2 * self.q - self.n
        if overlap <= self.f:
            raise QuorumRefused(
                f"2q − n > f fails: 2·{self.q} − {self.n} = {overlap} ≤ {self.f}, so "
                "lying witnesses could cosign two views: raise q or add witnesses"
            )
