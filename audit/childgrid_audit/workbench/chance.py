"""How rare a count is: exact tails of the binomial distribution.

`at_least(k, n, p)` is the probability of k or more successes in n trials. Sums are
made from the far end inwards in float64; results are right to about twelve digits.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p

_SMALLEST = 1e-9


def at_least(count: int, trials: int, rate: float) -> float:
    """P(X >= count) for X ~ Binomial(trials, rate)."""
    if count <= 0:
        return 1.0
    rate = min(max(rate, _SMALLEST), 1 - _SMALLEST)
    terms = (_mass(k, trials, rate) for k in range(trials, count - 1, -1))
    return min(1.0, sum(terms))


def _mass(count: int, trials: int, rate: float) -> float:
    ways = lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
    return exp(ways + count * log(rate) + (trials - count) * log1p(-rate))


def scaled(rate: float, factor: float) -> float:
    """The rate whose odds are `factor` times those of `rate`."""
    odds = factor * rate
    return odds / (1 - rate + odds)


def smoothed(count: int, trials: int) -> float:
    """A rate that is never quite 0 or 1 (Laplace's rule of succession)."""
    return (count + 1) / (trials + 2)
