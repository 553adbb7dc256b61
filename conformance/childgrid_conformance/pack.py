"""What the agency of the node under test is given, as one folder.

A token to join with, a training register with its mapping, staff and policy to publish,
and settings for our own node; another implementation reads them as data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from childgrid_conformance import cast as casting
from childgrid_conformance.cast import ASKER, CUSTODIAN, HUB, Cast
from childgrid_conformance.founding import FIELDS, SILENT, SPOKEN, found
from childgrid_wire import canonical, certificates, keyfile
from childgrid_wire.enrolment import Token
from childgrid_wire.shelf import Shelf

_HOURS = 7 * 24


@dataclass(frozen=True)
class Places:
    """host:port of the kit's coordinator, the node's grid listener and its desk."""

    listen: str
    node: str
    desk: str


def prepare(folder: Path, member: str, places: Places, now: int) -> Path:
    """Found a test grid in `folder` around `member`; returns the agency's pack.

    Raises:
        FileExistsError: something is there already.
    """
    folder.mkdir(parents=True, mode=0o700)
    cast = casting.create(folder, member, now)
    root, documents = found(cast, places.listen, now)
    shelf = Shelf.create(folder / "documents", root)
    for data in documents:
        shelf.add(data)
    keyfile.write_private(folder / "places.json", canonical.dumps(vars(places)))
    pack = folder / "pack"
    (pack / "sources").mkdir(parents=True)
    token(cast, root, places.listen, now).write(pack / "token.json")
    for one in (resources.files(__package__) / "register").iterdir():
        text = one.read_text("utf-8").replace("@MEMBER@", member)
        (pack / "sources" / one.name).write_text(text, "utf-8")
    (pack / "staff.toml").write_text(_staff(cast), "utf-8")
    (pack / "policy.toml").write_text(_policy(), "utf-8")
    (pack / "cases.csv").write_text("reference,basis,officer,capacity,sections\n")
    keyfile.write_private(pack / "passphrase", cast.seed("passphrase").hex().encode())
    (pack / "node.toml").write_text(_settings(member, places), "utf-8")
    return pack


def places_of(folder: Path) -> Places:
    """The addresses of the grid in `folder`; raises `ConfigurationRefused`."""
    return Places(**canonical.loads(keyfile.read_passphrase(folder / "places.json")))


def token(cast: Cast, root: str, listen: str, now: int) -> Token:
    """The token with which the node under test joins."""
    joiner = certificates.issue_leaf(cast.root, cast.member, "joiner", now, _HOURS)
    return Token(
        member=cast.member,
        kind="agency",
        expires=now + _HOURS * 3_600,
        secret=cast.token_secret,
        fingerprint=root,
        coordinator=HUB,
        address=listen,
        root=cast.root.chain,
        joiner=joiner,
    )


def _staff(cast: Cast) -> str:
    key = canonical.to_b64(cast.officer(cast.member, CUSTODIAN).public)
    return (
        f'[[officer]]\nid = "{CUSTODIAN}"\nrole = "custodian"\nunit = "training"\n'
        f'rank = 5\ntraining = true\nkey = "{key}"\n'
    )


def _policy() -> str:
    fields = json.dumps(FIELDS)
    return "".join(
        f"[category.{category}]\nsilent = {str(category == SILENT).lower()}\n"
        f'purposes = ["investigation"]\nfields = {fields}\n'
        for category in (SPOKEN, SILENT)
    )


def _settings(member: str, places: Places) -> str:
    return f"""# Settings of our own node in the test grid; {ASKER} asks it.
member = "{member}"
title = "The node under test"
uses = ["provider"]
state_dir = "state"
passphrase_file = "passphrase"
listen = "{places.node}"
announce = "{places.node}"
desk = "{places.desk}"
witness_seconds = 1

[coordinator]
member = "{HUB}"
address = "{places.listen}"
"""
