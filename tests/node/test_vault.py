"""What a node keeps sealed at rest: opened by this node alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.vault import Vault, derive
from childgrid_wire.errors import Reason, Untrusted

KEY = bytes(range(32))


@given(st.binary(max_size=200))
def test_what_was_closed_is_opened(content: bytes) -> None:
    """And reads differently each time that it is closed."""
    vault = Vault(KEY)

    assert vault.open(vault.close(content)) == content
    assert vault.close(content) != vault.close(content)


@pytest.mark.parametrize("at", [0, 30, -1])
def test_altered_bytes_are_refused(at: int) -> None:
    """A flipped bit anywhere is seen."""
    sealed = bytearray(Vault(KEY).close(b"a suspect's description"))
    sealed[at] ^= 1

    with pytest.raises(Untrusted) as caught:
        Vault(KEY).open(bytes(sealed))
    assert caught.value.reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(80)])
def test_what_was_never_closed_is_refused(sealed: bytes) -> None:
    """Nothing opens by chance."""
    with pytest.raises(Untrusted):
        Vault(KEY).open(sealed)


def test_another_node_can_not_open_it() -> None:
    """The key follows from the node's own signing seed."""
    with pytest.raises(Untrusted):
        Vault(bytes(32)).open(Vault(KEY).close(b"secret"))


def test_keys_for_different_purposes_are_unrelated() -> None:
    """Each purpose and each seed has its own 32 bytes, the same every time."""
    keys = [derive(KEY, b"vault"), derive(KEY, b"index"), derive(bytes(32), b"vault")]

    assert len(set(keys)) == 3
    assert {len(key) for key in keys} == {32}
    assert derive(KEY, b"vault") == keys[0]
