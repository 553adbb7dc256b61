"""Whether a file can be seen to lie on an encrypted disk, on Linux and without root.

The kernel tells every user which devices a file system stands on, and which of them
dm-crypt made (LUKS, plain, BitLocker and the like; LVM, RAID and partitions between are
seen through). What it does not tell is said as "not confirmed", never as "plain": disks
that encrypt themselves, a cloud's volumes, the disk of a virtual machine's host, ZFS,
and directories encrypted one by one. Nor is looked at what else may hold copies of
memory: swap, hibernation, a file system's journal on another disk.
"""

from __future__ import annotations

import os
from pathlib import Path

SYSTEM = Path("/sys")
MOUNTS = Path("/proc/self/mountinfo")

# CRYPT-VERITY, CRYPT-INTEGRITY and CRYPT-SUBDEV come of the same tools, and encrypt
# nothing.
_CIPHERS = ("BITLK", "FVAULT2", "LOOPAES", "LUKS1", "LUKS2", "PLAIN", "TCRYPT")


def confirmed(path: Path) -> bool:
    """Return whether all that ``path`` is stored on is seen to be encrypted."""
    try:
        return seen(path.stat().st_dev, path.resolve())
    except OSError:
        return False


def seen(number: int, path: Path, system: Path = SYSTEM, mounts: Path = MOUNTS) -> bool:
    """Return whether the file system of a device number is seen to be encrypted.

    Args:
        number: what `stat` tells of a file as ``st_dev``.
        path: the file, by which btrfs is told.
        system: where sysfs is mounted.
        mounts: the table of this process's mounts.

    Raises:
        OSError: the kernel does not tell.
    """
    if os.major(number):
        devices = [_device(number, system)]
    else:
        # btrfs has a number of its own for each volume, and may lie on several disks.
        kind, source = _mount(path, mounts)
        devices = _members(source, system) if kind == "btrfs" else []
    return bool(devices) and all(_encrypted(one) for one in devices)


def _members(source: str, system: Path) -> list[Path]:
    """Return all devices of the btrfs that the device ``source`` belongs to."""
    name = _device(Path(source).stat().st_rdev, system).name
    for members in (system / "fs" / "btrfs").glob("*/devices"):
        if (members / name).exists():
            return [one.resolve() for one in members.iterdir()]
    return []


def _device(number: int, system: Path) -> Path:
    name = f"{os.major(number)}:{os.minor(number)}"
    return (system / "dev" / "block" / name).resolve()


def _mount(path: Path, mounts: Path) -> tuple[str, str]:
    """Return kind and source of the file system that is mounted above ``path``."""
    lines = [line.split() for line in mounts.read_text("utf-8", "replace").splitlines()]
    at = {Path(_plain(line[4])): line[line.index("-") + 1 :] for line in lines}
    kind, source = next(
        (at[one][:2] for one in (path, *path.parents) if one in at), ("", "")
    )
    return kind, _plain(source)


def _plain(text: str) -> str:
    """Undo the table's way of writing blanks and the like."""
    for sign in " \t\n\\":
        text = text.replace(f"\\{ord(sign):03o}", sign)
    return text


def _encrypted(device: Path) -> bool:
    if _is_crypt(device):
        return True
    if (device / "partition").exists():
        return _encrypted(device.parent)
    below = [one.resolve() for one in (device / "slaves").glob("*")]
    return bool(below) and all(_encrypted(one) for one in below)


def _is_crypt(device: Path) -> bool:
    uuid = device / "dm" / "uuid"
    if not uuid.exists():
        return False
    made, _, cipher = uuid.read_text("ascii", "replace").partition("-")
    return made == "CRYPT" and cipher.split("-")[0] in _CIPHERS
