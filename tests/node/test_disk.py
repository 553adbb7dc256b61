"""An encrypted disk is believed in where the kernel shows one, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from childgrid_node import disk

HERE = Path("/srv/a node/state")


class System:
    """A made-up /sys and table of mounts."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "sys"
        self.mounts = folder / "mountinfo"
        (self.root / "dev" / "block").mkdir(parents=True)
        (self.root / "fs").mkdir()
        self.mounts.write_text("22 1 0:21 / /proc rw shared:1 - proc proc rw\n")
        self.minor = 0

    def device(self, name: str, uuid: str = "", on: Sequence[str] = ()) -> int:
        """A device that device-mapper made where it has a uuid; returns its number."""
        folder = self.root / "devices" / name
        (folder / "slaves").mkdir(parents=True)
        if uuid:
            (folder / "dm").mkdir()
            (folder / "dm" / "uuid").write_text(f"{uuid}\n")
        for below in on:
            target = next((self.root / "devices").rglob(below))
            (folder / "slaves" / below).symlink_to(target)
        return self.numbered(folder)

    def partition(self, disk_: str, name: str) -> int:
        """A partition of a disk."""
        folder = self.root / "devices" / disk_ / name
        folder.mkdir(parents=True)
        (folder / "partition").write_text("1\n")
        return self.numbered(folder)

    def numbered(self, folder: Path, number: int = 0) -> int:
        self.minor += 1
        number = number or os.makedev(253, self.minor)
        name = f"{os.major(number)}:{os.minor(number)}"
        (self.root / "dev" / "block" / name).symlink_to(folder)
        return number

    def seen(self, number: int) -> bool:
        return disk.seen(number, HERE, self.root, self.mounts)


@pytest.fixture(name="system")
def _system(tmp_path: Path) -> System:
    return System(tmp_path)


@pytest.mark.parametrize(
    "uuid", ["CRYPT-LUKS2-0123-data", "CRYPT-LUKS1-0123-data", "CRYPT-PLAIN-data"]
)
def test_a_file_system_on_dm_crypt_is_confirmed(system: System, uuid: str) -> None:
    """LUKS of both versions, and plain."""
    system.device("sda")
    assert system.seen(system.device("dm-0", uuid, on=["sda"]))


def test_what_stands_on_dm_crypt_is_confirmed(system: System) -> None:
    """LVM and partitions between are seen through, down to the cipher."""
    system.partition("sda", "sda2")
    system.device("dm-0", "CRYPT-LUKS2-0123-pv", on=["sda2"])
    assert system.seen(system.device("dm-1", "LVM-abcdef", on=["dm-0"]))
    assert system.seen(system.partition("dm-0", "dm-0p1"))


@pytest.mark.parametrize(
    "uuid",
    ["", "LVM-abcdef", "CRYPT-VERITY-0123-usr", "CRYPT-INTEGRITY-0123-x", "mpath-1"],
)
def test_what_only_maps_or_checks_is_not_confirmed(system: System, uuid: str) -> None:
    """A disk, a logical volume, and devices that verify but do not encrypt."""
    system.device("sda")
    assert not system.seen(system.device("dm-0", uuid, on=["sda"]))


def test_one_disk_of_two_is_not_enough(system: System) -> None:
    """A volume that also lies on a plain disk is not confirmed."""
    system.device("sda")
    system.device("sdb")
    system.device("dm-0", "CRYPT-LUKS2-0123-a", on=["sda"])
    assert not system.seen(system.device("dm-1", "LVM-abc", on=["dm-0", "sdb"]))
    assert not system.seen(system.partition("sdb", "sdb1"))


def test_a_device_that_the_kernel_does_not_show_is_not_confirmed(
    system: System, tmp_path: Path
) -> None:
    """Nor a file system without one, nor a file that isn't there."""
    assert not system.seen(os.makedev(253, 99))
    assert not system.seen(os.makedev(0, 21))
    assert not disk.confirmed(tmp_path / "absent")


@pytest.mark.parametrize(
    ("kind", "second", "expected"),
    [
        ("btrfs", "CRYPT-LUKS2-45-b", True),
        ("btrfs", "", False),
        ("overlay", "CRYPT-LUKS2-45-b", False),
    ],
)
def test_btrfs_is_confirmed_by_all_its_disks(
    system: System, kind: str, second: str, expected: bool
) -> None:
    """It has no device number of its own; it is found by what was mounted."""
    null = Path("/dev/null")
    system.device("sda")
    system.device("dm-0", "CRYPT-LUKS2-23-a", on=["sda"])
    system.device("dm-1", second, on=["sda"])
    devices = system.root / "devices"
    system.numbered(devices / "dm-0", null.stat().st_rdev)
    members = system.root / "fs" / "btrfs" / "11-22" / "devices"
    members.mkdir(parents=True)
    for name in ("dm-0", "dm-1"):
        (members / name).symlink_to(devices / name)
    with system.mounts.open("a") as file:
        file.write("27 1 254:0 / / rw - ext4 /dev/vda rw\n")
        file.write(f"31 27 0:44 / /srv/a\\040node rw - {kind} {null} rw\n")

    assert system.seen(os.makedev(0, 45)) is expected
