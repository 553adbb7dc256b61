"""What the doctor finds on this machine: log, outbox, disk, what runs out, what runs.

Each check returns a sentence, or raises `Fault` with what to do, or `Doubt` where it
can't be seen from here. They look; they change nothing and show no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from childgrid_log import outlook
from childgrid_log.claim import Claim
from childgrid_log.errors import LogBehind, LogError
from childgrid_node import cases as register
from childgrid_node import disk, readiness
from childgrid_node import health as state
from childgrid_node.config import NodeConfig
from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_wire import health, statement
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import ConfigurationRefused, WireError

_MINUTE, _DAY = 60, 86_400
_WAIT_SECONDS = 600
_ISSUER_DAYS = 30
_LIST_DAYS = 7
_STALE_DAYS = 2
_SCARCE_BYTES = 10**9
_CALL_SECONDS = 5.0


class Fault(Exception):
    """A check that failed; the message is the remedy. Used inside the doctor only."""


class Doubt(Exception):
    """A check that can't be made from here. Used inside the doctor only."""


def log(office: Office, witness_seconds: int) -> str:
    """The log takes leaves in, and its witnesses follow."""
    kept = office.journal.log
    try:
        archived = kept.check_archive()
    except LogError as error:
        raise Fault(f"log: {error}") from error
    try:
        kept.check()
    except LogBehind as error:
        raise Fault(f"log: {error}: `childgrid-node succeed`") from error
    except LogError as error:
        raise Fault(
            f"log: {error}; start the node, and wait for the witnesses; where it says"
            " `log-behind` then, ask the founders: `childgrid-node succeed`"
        ) from error
    cosigned = outlook.cosigned(kept)
    size = kept.size()
    if cosigned < size:
        waits = office.now - _issued(office, cosigned)
        if waits > max(_WAIT_SECONDS, 10 * witness_seconds):
            raise Fault(
                f"log: {size - cosigned} leaves are not cosigned for {waits // 60}"
                " minutes, and nothing is released; look which witnesses are away"
            )
    told = f", {archived} of them archived" if archived else ""
    return f"{size} leaves, {cosigned} of them cosigned{told}"


def _issued(office: Office, index: int) -> int:
    opening = office.journal.log.opening(index)
    return statement.kept(opening[1]).issued if opening else office.now


def address(office: Office, config: NodeConfig) -> str:
    """The directory names this node where its settings say; `Doubt` if elsewhere.

    Which of the two is old can't be seen from here.
    """
    named = str(office.view.member(office.member)["address"])
    setting = "announce" if config.announce else "listen"
    ours = config.announce or config.listen
    if ours != named:
        raise Doubt(
            f"the directory says {named}, where all others call this node, and"
            f" {setting} says {ours}. If the node has moved, ask the founders:"
            f" `childgrid-authority address {office.member} HOST:PORT`; else set"
            f' announce = "{named}", or the next replacing token brings {ours} in'
        )
    return f"others call this node at {named}, as {setting} says"


def cases(path: Path) -> str:
    """Every open case can be attested to its officers."""
    try:
        slips = register.faults(path)
    except ConfigurationRefused as error:
        raise Fault(f"settings: {error.detail}") from error
    if slips:
        more = f", and {len(slips) - 1} lines more" if len(slips) > 1 else ""
        raise Fault(f"cases: {slips[0]}{more}; whom they name can't ask until then")
    return "every line holds"


def outbox(office: Office) -> str:
    """What must go to the coordinator goes."""
    rows = office.journal.rows("SELECT envelope FROM outbox WHERE state = 'waiting'")
    oldest = min((statement.kept(row[0]).issued for row in rows), default=office.now)
    waits = office.now - oldest
    if waits > _WAIT_SECONDS:
        raise Fault(
            f"outbox: {len(rows)} statements wait, the oldest {waits // 60} minutes;"
            " start the node, and look why it does not reach the coordinator"
        )
    return f"{len(rows)} statements wait to be carried"


def space(state_dir: Path) -> str:
    """There is room to go on."""
    free = health.free_bytes(state_dir)
    told = f"{free // 10**6} MB free below state_dir"
    if free < health.LEAST_FREE_BYTES:
        raise Fault(f"space: {told}; the node does not serve until there is room")
    if free < _SCARCE_BYTES:
        raise Doubt(f"{told}; make room, or see that it suffices")
    return told


def terms(office: Office, holdings: Holdings) -> str:
    """Nothing of ours is about to run out."""
    ends = state.read(office, holdings)["expires"]
    issuer = int(readiness.issuer_ends(office) - office.now) // _DAY
    if issuer < _ISSUER_DAYS:
        raise Fault(
            f"issuer: runs out in {issuer} days; join again with a replacing token"
        )
    for name in ("staff", "policy"):
        left = (ends.get(name, office.now + _LIST_DAYS * _DAY) - office.now) // _DAY
        if left < _LIST_DAYS:
            raise Fault(
                f"{name}: the signed list runs out in {left} days; a running node signs"
                " it anew by itself: start it, and look at its log"
            )
    if not ends["sealing-key"] and "staff" not in ends:
        raise Doubt("sealing key: none yet; the node's first start makes one")
    if ends["sealing-key"] <= office.now:
        raise Fault(
            "sealing key: none is in force, so nobody can ask this node; start it: it"
            " makes one by itself"
        )
    return f"issuer for {issuer} days, lists and sealing key in force"


def stale(office: Office, holdings: Holdings, config: NodeConfig) -> None:
    """Every index speaks of a time not long past; `Fault` after days, or `Doubt`.

    In doubt it is once two rounds that compare all keys should have passed.
    """
    ages = {
        name: office.now - index.header.as_of
        for name, index in holdings.indexes.items()
    }
    name = max(ages, key=lambda one: ages[one], default="")
    age = ages.get(name, 0)
    remedy = "start the node, and look in its log why it is not read"
    if age >= _STALE_DAYS * _DAY:
        raise Fault(f"source: {name} was last read {age // _DAY} days ago; {remedy}")
    if age > 2 * (config.reconcile_seconds + config.refresh_seconds):
        raise Doubt(
            f"{name} was last followed {age // _MINUTE} minutes ago; who is gone from"
            f" it may still be found here: {remedy}"
        )


def filled(holdings: Holdings) -> str:
    """Every index, already found whole, holds somebody."""
    living = {name: index.living for name, index in holdings.indexes.items()}
    empty = ", ".join(name for name, rows in living.items() if not rows)
    if empty:
        raise Doubt(
            f"{empty}: no row is indexed, so nobody is found there; look at the"
            " register itself, and run `childgrid-node check` for what was left out"
        )
    return f"{sum(living.values())} rows indexed, {len(living)} files whole"


def sealed(clear: Mapping[Path, int], config: NodeConfig) -> str:
    """No index lies in the clear but on a disk that is seen to be encrypted.

    `clear` says how many source keys stand in each file that is not sealed.
    """
    if not clear:
        return "no index lies in the clear"
    told = f"{sum(clear.values())} source keys and encodings in the clear"
    if not config.encrypted_disk:
        raise Fault(
            f"disk: {told}, but encrypted_disk is not declared; run"
            " `childgrid-node index`, which seals them"
        )
    unseen = [path for path in clear if not disk.confirmed(path)]
    if unseen:
        raise Doubt(
            f"{told}; {len(unseen)} of {len(clear)} files on a disk that is"
            " declared encrypted and not seen to be (no dm-crypt below it). Ask who"
            " runs the disk; or take encrypted_disk out, restart, and run"
            " `childgrid-node index`"
        )
    return f"{told}, on a disk that dm-crypt encrypts"


def serving(config: NodeConfig, office: Office) -> str:
    """The process that uses this state, if one does, says that it serves."""
    if not Claim.is_held(config.state_dir):
        raise Doubt("the node does not run; `childgrid-node serve` starts it")
    dialer = Dialer(office.identity.credentials("node", office.clock))
    try:
        way = dialer.channel(_nearby(config.listen), Peer(office.member, "node"))
        serves = health.serves(way, _CALL_SECONDS)
    except WireError as error:
        raise Fault(
            f"serving: a process uses this state_dir and does not answer at"
            f" {config.listen}; look at its log, end it and start it again"
        ) from error
    finally:
        dialer.close()
    if not serves:
        raise Fault(
            "serving: the running node says that it does not serve; what is at fault"
            " stands above, in its log, and as childgrid_fault at `metrics`"
        )
    return "the running node serves"


def _nearby(listen: str) -> str:
    """The listener's address as seen from this machine."""
    host, _, port = listen.rpartition(":")
    return f"127.0.0.1:{port}" if host == "0.0.0.0" else listen  # noqa: S104
