"""Loops compiled for one signature each, when they are first needed.

Compiling takes seconds and loading what was compiled before a tenth of one, which most
processes that import such loops never make use of. Loops hold no GIL. The machine code
is kept beside the source or in the user's cache, where there is a place for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.extending import typeof_impl

Kernel = Callable[..., Any]


class Loop:
    """A function that may be called, and by other such functions, once compiled."""

    def __init__(self, signature: str, function: Kernel) -> None:
        """``signature`` is numba's, types of result and arguments."""
        self.__doc__ = function.__doc__
        self._signature, self._function = signature, function
        self._made: Kernel | None = None

    @property
    def ready(self) -> bool:
        """Whether it has been compiled or loaded."""
        return self._made is not None

    def made(self) -> Kernel:
        """Return the compiled function; numba's lock keeps two threads apart."""
        if self._made is None:
            self._made = kept(self._function, self._signature)
        return self._made

    def __call__(self, *values: Any) -> Any:  # noqa: ANN401, D102
        return self.made()(*values)


def kept(function: Kernel, signature: str | None = None) -> Kernel:
    """Return ``function`` compiled, for any arguments where it has no signature."""
    try:
        made: Kernel = njit(signature, nogil=True, cache=True)(function)
    except RuntimeError:
        # No place to keep machine code.
        made = njit(signature, nogil=True)(function)
    return made


@typeof_impl.register(Loop)
def _type(loop: Loop, context: Any) -> Any:  # noqa: ANN401
    """Tell numba what a loop is that another one calls: what it is compiled to."""
    return typeof_impl(loop.made(), context)


def compiled(signature: str) -> Callable[[Kernel], Loop]:
    """Make a function a loop of this signature."""
    return lambda function: Loop(signature, function)
