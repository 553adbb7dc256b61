"""A compiled loop costs nothing until it is needed, and then is what it always was."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from childgrid_node import compiled as module
from childgrid_node.compiled import compiled


@compiled("int64(int64[::1])")
def total(values: np.ndarray) -> int:
    """Add up."""
    found = 0
    for at in range(values.shape[0]):
        found += values[at]
    return found


@compiled("int64(int64[::1], int64)")
def scaled(values: np.ndarray, by: int) -> int:
    """Add up by the loop above, and multiply."""
    return total(values) * by


def test_a_loop_is_compiled_with_those_it_calls_when_it_is_called() -> None:
    """For its one signature: what does not fit that is refused, not compiled anew."""
    assert not scaled.ready
    assert scaled(np.arange(5), 3) == 30
    assert scaled.ready
    assert total(np.arange(5)) == 10
    assert total.ready
    assert total.__doc__ == "Add up."
    with pytest.raises(TypeError):
        total(np.arange(5.0))


def test_without_a_place_for_machine_code_it_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Numba refuses to cache what it can't keep."""
    right = module.njit

    def without_cache(signature: str, **options: object) -> object:
        if options.pop("cache", False):
            raise RuntimeError("no locator available")
        return right(signature, **options)

    monkeypatch.setattr(module, "njit", without_cache)
    doubled = compiled("int64(int64)")(lambda value: 2 * value)
    assert doubled(21) == 42


def test_importing_the_encoders_compiles_nothing() -> None:
    """A process that has nothing to encode does not wait for loops."""
    script = (
        "from childgrid_node.bulk import intake, kernels as bulk\n"
        "from childgrid_node.clk import cell_kernels, kernels as clk\n"
        "from childgrid_node.compiled import Loop\n"
        "loops = [x for one in (bulk, clk, cell_kernels) for x in vars(one).values()"
        " if isinstance(x, Loop)]\n"
        "print(len(loops) > 10, any(loop.ready for loop in loops))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]
