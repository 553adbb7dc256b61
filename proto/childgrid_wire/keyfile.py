"""Secrets at rest: one locked file, opened by a passphrase (Argon2id, SecretBox).

The passphrase is stretched by Argon2id (RFC 9106; 3 passes, 64 MiB) and the content
closed with XSalsa20-Poly1305, both PyNaCl's. There is no way to write a secret
unlocked, and no default passphrase; and a process that has opened one leaves no core
when it crashes, whatever its limits were.
"""

from __future__ import annotations

import os
import resource
import secrets
import tempfile
from pathlib import Path

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from childgrid_wire import canonical
from childgrid_wire.errors import ConfigurationRefused, Malformed

PASSES = 3
MEMORY_BYTES = 64 * 2**20
SHORTEST = 12

CREDENTIALS = "$CREDENTIALS_DIRECTORY"
"""The part of a path that stands for the folder of a service's credentials."""

_MAGIC = "childgrid-locked-1"


def lock(content: dict[str, str], passphrase: bytes, path: Path) -> None:
    """Write `content` locked to `path`, readable by its owner only, atomically.

    Raises:
        ConfigurationRefused: the passphrase is shorter than 12 bytes.
    """
    if len(passphrase) < SHORTEST:
        raise ConfigurationRefused(f"a passphrase needs at least {SHORTEST} bytes")
    salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
    box = SecretBox(stretch(passphrase, salt, PASSES, MEMORY_BYTES))
    table = {
        "format": _MAGIC,
        "passes": PASSES,
        "memory": MEMORY_BYTES,
        "salt": canonical.to_b64(salt),
        "box": canonical.to_b64(bytes(box.encrypt(canonical.dumps(content)))),
    }
    write_private(path, canonical.dumps(table))


def unlock(path: Path, passphrase: bytes) -> dict[str, str]:
    """Open a locked file.

    Raises:
        ConfigurationRefused: no such file, another format, or a wrong passphrase.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        table = canonical.loads(path.read_bytes())
        if table["format"] != _MAGIC or table["memory"] > 2**30:
            raise ConfigurationRefused(f"{path.name} is not a locked key file")
        salt, box = (canonical.from_b64(table[name]) for name in ("salt", "box"))
        key = stretch(passphrase, salt, table["passes"], table["memory"])
        return dict(canonical.loads(SecretBox(key).decrypt(box)))
    except FileNotFoundError as error:
        raise ConfigurationRefused(f"{path.name} does not exist") from error
    except OSError as error:
        raise ConfigurationRefused(f"cannot read {path.name}") from error
    except (KeyError, TypeError, ValueError, Malformed) as error:
        raise ConfigurationRefused(f"{path.name} is not a locked key file") from error
    except CryptoError as error:
        raise ConfigurationRefused(f"wrong passphrase for {path.name}") from error


def relock(path: Path, passphrase: bytes, new: bytes) -> None:
    """Lock a file anew by another passphrase; the content is as before.

    Copies that were made before still open by the old one.

    Raises:
        ConfigurationRefused: as `unlock` and `lock`; the file is as it was.
    """
    lock(unlock(path, passphrase), new, path)


def stretch(passphrase: bytes, salt: bytes, passes: int, memory: int) -> bytes:
    """Make a 32-byte key of a passphrase by Argon2id (`memory` in bytes)."""
    return pwhash.argon2id.kdf(
        SecretBox.KEY_SIZE, passphrase, salt, opslimit=passes, memlimit=memory
    )


def read_passphrase(path: Path) -> bytes:
    """Read a passphrase file; a trailing newline is cut.

    A path with `$CREDENTIALS_DIRECTORY` in it starts at the folder in which systemd
    lays a service's credentials, whatever stands before it.

    Raises:
        ConfigurationRefused: missing, empty, or readable by others; or there is no
            such folder, since this is no service.
    """
    path = placed(path)
    try:
        status = path.stat()
        passphrase = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ConfigurationRefused(f"no passphrase: cannot read {path.name}") from error
    if loose(status):
        raise ConfigurationRefused(f"{path.name} must be readable by its owner only")
    if not passphrase:
        raise ConfigurationRefused(f"no passphrase: {path.name} is empty")
    return passphrase


def placed(path: Path) -> Path:
    """The path, begun anew at the credentials' folder where it names that.

    Raises:
        ConfigurationRefused: it does, and this is no service.
    """
    if CREDENTIALS not in path.parts:
        return path
    folder = os.environ.get(CREDENTIALS.removeprefix("$"))
    if not folder:
        raise ConfigurationRefused(
            f"no passphrase: {CREDENTIALS} is only there in a systemd service"
        )
    return Path(folder, *path.parts[path.parts.index(CREDENTIALS) + 1 :])


def loose(status: os.stat_result) -> bool:
    """Whether a secret's file may be reached by others than its owner.

    One that root hands to this very service, to be read and no more, is not loose:
    systemd (by an access list, which shows as the group's bit) and Kubernetes (by the
    pod's own group) do so with a file of root's, mode 440.
    """
    from_root = status.st_uid == 0 and os.geteuid() != 0
    for_us = status.st_gid in (0, os.getegid())
    return bool(status.st_mode & (0o037 if from_root and for_us else 0o077))


def check_private(path: Path) -> None:
    """Insist that a secret's file is not to be reached by others; `loose` says who.

    Raises:
        ConfigurationRefused: it is, or it can't be looked at.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigurationRefused(f"cannot read {path.name}") from error
    if loose(status):
        raise ConfigurationRefused(f"{path.name} must be readable by its owner only")


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 600 so that it is the old or the new one, never torn."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
