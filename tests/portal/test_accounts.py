"""Who may sign in: invitations, passkeys and lock-outs, in one private file."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_portal.web.accounts import (
    FAILURES,
    INVITATION_SECONDS,
    LOCKED_SECONDS,
    Accounts,
    Login,
)
from childgrid_wire.errors import ConfigurationRefused


class At:
    """A clock that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> At:
    """The accounts' time."""
    return At()


@pytest.fixture
def accounts(tmp_path: Path, clock: At) -> Accounts:
    """Accounts with one officer who was invited."""
    made = Accounts(tmp_path / "portal", clock)
    made.invite("si-rao", "Meera Rao")
    return made


def enrolled(accounts: Accounts) -> None:
    """Si-rao has both passkeys."""
    accounts.enter("si-rao", accounts.invite("si-rao", "Meera Rao"))
    accounts.enrol("si-rao", Login(b"login", b"key"), b"signing")


def test_the_file_is_its_owners_alone_and_holds_no_code(
    accounts: Accounts, tmp_path: Path
) -> None:
    """Mode 600 in a folder of mode 700; codes as hashes."""
    code = accounts.invite("sp-nair", "Arjun Nair")
    path = tmp_path / "portal/accounts.db"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    accounts.close()
    assert code.encode() not in path.read_bytes()


def test_an_invitation_opens_once(accounts: Accounts) -> None:
    """Typed in capitals and with spaces around it, too."""
    code = accounts.invite("si-rao", "Meera Rao")
    assert accounts.enter("si-rao", f" {code.upper()} ")
    assert not accounts.enter("si-rao", code)


def test_an_invitation_is_one_officer_s_and_the_last_one(accounts: Accounts) -> None:
    """Neither another's code nor one that was replaced."""
    first = accounts.invite("si-rao", "Meera Rao")
    other = accounts.invite("sp-nair", "Arjun Nair")
    last = accounts.invite("si-rao", "Meera Rao")
    assert not accounts.enter("si-rao", first)
    assert not accounts.enter("si-rao", other)
    assert accounts.enter("si-rao", last)


def test_an_invitation_runs_out_after_an_hour(accounts: Accounts, clock: At) -> None:
    """To the second."""
    code = accounts.invite("si-rao", "Meera Rao")
    clock.now += INVITATION_SECONDS
    assert not accounts.enter("si-rao", code)


def test_guessing_codes_locks_the_officer_out(accounts: Accounts, clock: At) -> None:
    """Even the right code opens nothing meanwhile, and afterwards it does."""
    code = accounts.invite("si-rao", "Meera Rao")
    for _ in range(FAILURES):
        assert not accounts.enter("si-rao", "0000")
    assert accounts.locked("si-rao")
    assert not accounts.enter("si-rao", code)
    clock.now += LOCKED_SECONDS
    assert accounts.enter("si-rao", code)


def test_whoever_is_locked_out_has_no_login_passkey(
    accounts: Accounts, clock: At
) -> None:
    """For a quarter of an hour; one success before it forgets the failures."""
    enrolled(accounts)
    for _ in range(FAILURES - 1):
        accounts.failed("si-rao")
    accounts.entered("si-rao", b"login", 7)
    accounts.failed("si-rao")
    assert [one.counter for one in accounts.logins("si-rao")] == [7]
    for _ in range(FAILURES - 1):
        accounts.failed("si-rao")
    assert accounts.logins("si-rao") == []
    clock.now += LOCKED_SECONDS
    assert len(accounts.logins("si-rao")) == 1


def test_an_id_that_nobody_has_is_locked_like_an_officer(
    accounts: Accounts, clock: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock tells nobody whether there is such an officer; memory stays bounded."""
    monkeypatch.setattr("childgrid_portal.web.accounts._MOST_STRANGERS", 3)
    enrolled(accounts)
    for name in ("si-rao", "nobody"):
        for _ in range(FAILURES - 1):
            accounts.failed(name)
        assert not accounts.locked(name)
        accounts.failed(name)
        assert accounts.locked(name)
    clock.now += LOCKED_SECONDS
    assert not accounts.locked("si-rao")
    assert not accounts.locked("nobody")
    for number in range(5):
        accounts.failed(f"nobody-{number}")
    assert len(accounts._strangers) == 3
    accounts.invite("nobody-4", "Somebody after all")
    assert not accounts.locked("nobody-4")


def test_enrolling_anew_forgets_the_passkeys_before(accounts: Accounts) -> None:
    """What was lost opens nothing."""
    enrolled(accounts)
    accounts.enrol("si-rao", Login(b"login-2", b"key-2"), b"signing-2")
    assert [one.id for one in accounts.logins("si-rao")] == [b"login-2"]
    assert accounts.signing("si-rao") == [b"signing-2"]
    assert not accounts.is_known(b"login")


def test_a_signing_passkey_s_key_is_not_kept(accounts: Accounts) -> None:
    """Its id alone, which is no login passkey's."""
    enrolled(accounts)
    assert accounts.signing("si-rao") == [b"signing"]
    assert b"signing" not in [one.id for one in accounts.logins("si-rao")]


def test_whoever_is_forgotten_leaves_nothing(accounts: Accounts) -> None:
    """Neither name, nor passkey, nor invitation."""
    enrolled(accounts)
    code = accounts.invite("si-rao", "Meera Rao")
    assert accounts.forget("si-rao")
    assert not accounts.forget("si-rao")
    assert accounts.officers() == []
    assert accounts.logins("si-rao") == accounts.signing("si-rao") == []
    assert not accounts.enter("si-rao", code)


def test_the_list_says_who_has_enrolled(accounts: Accounts) -> None:
    """In the order of their ids."""
    enrolled(accounts)
    accounts.invite("cu-das", "Leela Das")
    listed = [(one.id, one.name, done) for one, done in accounts.officers()]
    assert listed == [("cu-das", "Leela Das", False), ("si-rao", "Meera Rao", True)]


@pytest.mark.parametrize(
    ("officer", "name"), [("SI-RAO", "A"), ("a/b", "A"), ("a", " "), ("a", "x" * 81)]
)
def test_only_an_officer_s_id_and_a_name_are_taken(
    accounts: Accounts, officer: str, name: str
) -> None:
    """As the staff list writes ids."""
    with pytest.raises(ConfigurationRefused):
        accounts.invite(officer, name)
    assert len(accounts.officers()) == 1


def test_a_decoy_is_the_same_after_a_restart(
    accounts: Accounts, tmp_path: Path
) -> None:
    """Two looks at a name tell nobody whether it has a passkey; no two names share one.

    Nor do two portals: who knows one agency's can't tell another's.
    """
    decoy = accounts.decoy("si-nobody")
    assert len({decoy, accounts.decoy("si-no-one"), accounts.decoy("")}) == 3
    accounts.close()
    assert Accounts(tmp_path / "portal").decoy("si-nobody") == decoy
    assert Accounts(tmp_path / "other").decoy("si-nobody") != decoy
    kept = tmp_path / "portal" / "decoys.key"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_damaged_secret_of_decoys_is_named(tmp_path: Path) -> None:
    """It is not used as it is, and what to do is said."""
    Accounts(tmp_path).close()
    (tmp_path / "decoys.key").write_bytes(b"")
    with pytest.raises(ConfigurationRefused, match="delete it"):
        Accounts(tmp_path)
