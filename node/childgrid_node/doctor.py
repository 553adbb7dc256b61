"""What is wrong with this node, named: the road, the clock, the keys, the sources.

Each check says `ok` or one fault with its remedy. The transport shows only "socket
closed" for most of them, so the doctor takes the road step by step: name, port, TLS,
certificate, clock. It changes nothing and shows no row.
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TypeVar

from cryptography import x509

from childgrid_node import agency, indexer, receipts, symptoms
from childgrid_node.config import NodeConfig
from childgrid_node.index_errors import Damaged, NotAnIndex
from childgrid_node.logbook import open_office
from childgrid_node.office import Office
from childgrid_node.source_errors import SourceError
from childgrid_node.stock import Stock
from childgrid_node.symptoms import Doubt, Fault
from childgrid_wire import channel, keyfile
from childgrid_wire.certificates import Peer, hostname
from childgrid_wire.channel import Dialer
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import ConfigurationRefused, Refused, WireError
from childgrid_wire.identity import Identity
from childgrid_wire.pb import coordinator_pb2, coordinator_pb2_grpc
from childgrid_wire.shelf import Shelf

_SECONDS = 5.0
_SKEW_SECONDS = 120
_DIRECTORY_DAYS = 14
_T = TypeVar("_T")


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it holds, and what to do if not.

    ``doubtful`` where it may hold and can't be seen from here: somebody else knows.
    """

    check: str
    ok: bool
    message: str
    doubtful: bool = False

    def __str__(self) -> str:
        mark = "WARN" if self.doubtful else "ok" if self.ok else "FAULT"
        return f"{mark:5} {self.check}: {self.message}"


def examine(config: NodeConfig, clock: Callable[[], float]) -> Iterator[Finding]:
    """Run every check that the earlier ones leave possible, in order."""
    patient = _Patient(config, clock)
    for name, check in (
        ("version", patient.version),
        ("keys", patient.keys),
        ("dns", patient.dns),
        ("port", patient.port),
        ("certificate", patient.certificate),
        ("clock", patient.time),
        ("grid", patient.grid),
        ("directory", patient.directory),
        ("address", patient.address),
        ("epochs", patient.epochs),
        ("officers", patient.officers),
        ("cases", patient.cases),
        ("receipts", patient.receipts),
        ("source", patient.source),
        ("index", patient.index),
        ("disk", patient.disk),
        ("log", patient.log),
        ("outbox", patient.outbox),
        ("terms", patient.terms),
        ("space", patient.space),
        ("serving", patient.serving),
    ):
        finding = _run(name, check)
        yield finding
        if not finding.ok and name in _STOPS:
            return


_STOPS = ("keys", "dns", "port", "certificate", "clock")


def _run(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except Doubt as doubt:
        return Finding(name, True, str(doubt), doubtful=True)
    except Fault as fault:
        return Finding(name, False, str(fault))
    except WireError as error:
        return Finding(name, False, str(error))


class _Patient:
    """The checks over one node's settings."""

    def __init__(self, config: NodeConfig, clock: Callable[[], float]) -> None:
        self._config, self._clock = config, clock
        self._host, _, port = config.coordinator.address.rpartition(":")
        self._port = int(port)
        self._opened: Office | None = None
        self._stocked: Stock | None = None

    def version(self) -> str:
        return f"childgrid {metadata.version('childgrid')}"

    def keys(self) -> str:
        self._passphrase = keyfile.read_passphrase(self._config.passphrase_file)
        folder = self._config.state_dir / "keys"
        self._identity = Identity.open(folder, self._passphrase)
        if not self._identity.joined:
            raise Fault("this node has not joined: run `childgrid-node join`")
        if self._identity.member != self._config.member:
            raise Fault(
                f"these are the keys of {self._identity.member}, and the settings say"
                f" {self._config.member}: correct member or state_dir"
            )
        return f"{self._identity.member} has its keys and certificates"

    def dns(self) -> str:
        try:
            socket.getaddrinfo(self._host, self._port)
        except OSError as error:
            raise Fault(
                f"DNS: the name {self._host} does not resolve; correct"
                " coordinator.address or the resolver"
            ) from error
        return f"{self._host} resolves"

    def port(self) -> str:
        try:
            socket.create_connection((self._host, self._port), _SECONDS).close()
        except OSError as error:
            raise Fault(
                f"port: nothing answers at {self._config.coordinator.address}; open"
                " the firewall, or ask whether the coordinator runs"
            ) from error
        return f"port {self._port} answers"

    def certificate(self) -> str:
        """The other end's certificate by the root, its name, and our own issuer."""
        now = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        issuer = self._identity.issuer.certificate
        if not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc:
            skew = issuer.not_valid_before_utc - now
            if skew > dt.timedelta(0):
                raise Fault("clock: this machine's time is before our own issuer's")
            raise Fault("certificate: our issuer has run out; ask the founders")
        leaf = self._their_leaf()
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        wanted = hostname(self._config.coordinator.member, "coordinator")
        if wanted not in names.value.get_values_for_type(x509.DNSName):
            raise Fault(f"certificate: whoever answers there is not {wanted}")
        return "the coordinator's certificate is the grid's"

    def _their_leaf(self) -> x509.Certificate:
        pair, roots = self._identity.credentials("node", self._clock)()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.load_verify_locations(cadata=roots.decode("ascii"))
        context.set_alpn_protocols(["h2"])
        try:
            with (
                socket.create_connection((self._host, self._port), _SECONDS) as raw,
                context.wrap_socket(raw) as secure,
            ):
                return x509.load_der_x509_certificate(secure.getpeercert(True) or b"")
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in (9, 10):
                raise Fault(
                    "clock: the coordinator's certificate is not valid at this"
                    " machine's time; set the clock (NTP)"
                ) from error
            raise Fault(
                "certificate: whoever answers there is not of this grid"
                f" ({error.verify_message})"
            ) from error
        except OSError as error:
            raise Fault("certificate: the TLS handshake was cut off") from error
        finally:
            del pair

    def time(self) -> str:
        """Our clock against the age of the certificate that was just shown to us."""
        leaf = self._their_leaf()
        now = self._clock()
        begun = leaf.not_valid_before_utc.timestamp()
        ended = leaf.not_valid_after_utc.timestamp()
        if not begun <= now <= ended:
            off = int(begun - now if now < begun else now - ended)
            raise Fault(f"clock: off by at least {off} s; set the clock (NTP)")
        return "clock agrees with the coordinator's certificate"

    def grid(self) -> str:
        """One real call, with our own certificate."""
        dialer = Dialer(self._identity.credentials("node", self._clock))
        peer = Peer(self._config.coordinator.member, "coordinator")
        try:
            stub = coordinator_pb2_grpc.BoardServiceStub(
                dialer.channel(self._config.coordinator.address, peer)
            )
            call = coordinator_pb2.FetchRequest()
            reply = channel.call(stub.Fetch, call, _SECONDS)
        except Refused as refusal:
            raise Fault(f"certificate: the coordinator refuses us: {refusal}") from None
        except WireError:
            raise Fault(
                "certificate: the coordinator does not accept our certificate; was it"
                " revoked, or is the clock off?"
            ) from None
        finally:
            dialer.close()
        off = int(self._clock()) - reply.now
        if abs(off) > _SKEW_SECONDS:
            raise Fault(f"clock: {off:+d} s from the coordinator's; set it (NTP)")
        return "the coordinator lets us in"

    def directory(self) -> str:
        """Documents, scheme and linkage key under the directory in force."""
        try:
            shelf = Shelf.open(self._config.state_dir / "documents")
        except WireError as error:
            raise Fault(
                f"documents: {error}; bring state_dir/documents back from a backup,"
                " and look after the disk"
            ) from error
        try:
            self._opened = open_office(self._config, self._identity, shelf, self._clock)
        except ConfigurationRefused as error:
            raise Fault(f"log: {error.detail}") from error
        directory = self._office.view.directory
        left = (directory.expires - self._office.now) // 86_400
        if left < _DIRECTORY_DAYS:
            raise Fault(f"directory: runs out in {left} days; ask the founders")
        try:
            self._stocked = Stock(self._config, self._office, self._passphrase)
        except ConfigurationRefused as error:
            raise Fault(f"{_kind(error)}: {error.detail}") from error
        return (
            f"directory {directory['version']}, {left} days left,"
            f" epoch {directory['epochs']['current']}, scheme and linkage key agree"
        )

    def address(self) -> str:
        """Where others call this node, by the directory and by its settings."""
        return symptoms.address(self._office, self._config)

    def epochs(self) -> str:
        """Every linkage key that the founders accept is here and encoded under."""
        directory = self._office.view.directory["epochs"]
        lacking = self._stock.lacking()
        keyless = [str(epoch) for epoch, what in lacking.items() if what is None]
        if keyless:
            keys = keys_fingerprint(self._office.view.member(self._config.member))
            raise Fault(
                f"epoch: the linkage key of epoch {', '.join(keyless)} is not here;"
                f" two other agencies run `childgrid-node wrap`; our keys: {keys}"
            )
        if set(lacking) - {directory["current"]}:
            raise Doubt("a new epoch is accepted; the node encodes under it as it runs")
        if not directory["accepted"]:
            raise Doubt(
                "no linkage key is in force; the founders have retired the last"
            )
        accepted = ", ".join(map(str, directory["accepted"]))
        return f"keys of epoch {accepted} here, sources encoded"

    def officers(self) -> str:
        """The agency's own lists: staff and policy."""
        try:
            body = agency.staff_body(self._config.staff, int(self._clock()))
            if self._config.policy.exists():
                agency.policy_body(self._config.policy)
        except ConfigurationRefused as error:
            raise Fault(f"settings: {error.detail}") from error
        return f"{len(body['officers'])} officers"

    def cases(self) -> str:
        """The register of cases, where the agency asks."""
        if "user" not in self._config.uses:
            return "nobody asks here"
        return symptoms.cases(self._config.cases)

    def receipts(self) -> str:
        """No record has left without a receipt in its time."""
        late = receipts.missing(self._office)
        if late:
            members = ", ".join(sorted({one.requester for one in late}))
            raise Fault(
                f"receipts: {len(late)} records were released and not acknowledged in"
                f" time by {members}; ask there, and tell the auditors"
            )
        return "no receipt is overdue"

    def source(self) -> str:
        """Every source opens, has its mapped columns, and gives a row."""
        for name, source in self._stock.registers.items():
            try:
                indexer.readable(source)
            except Exception as error:
                told = str(error) if isinstance(error, SourceError) else ""
                kind = type(error).__name__
                raise Fault(f"source: {name} can't be read ({told or kind})") from error
        symptoms.stale(self._office, self._stock.holdings, self._config)
        return f"{len(self._stock.registers)} sources readable"

    def index(self) -> str:
        """Every source has an index under the keys in force, and each file is whole."""
        missing = self._stock.missing()
        if missing:
            raise Fault(f"index: run `childgrid-node index` for {', '.join(missing)}")
        damaged = self._stock.inspect()
        if damaged:
            files = ", ".join(f"{name}.index" for name in damaged)
            raise Fault(
                f"index: {files} was altered after it was written; run"
                " `childgrid-node index`, and look after the disk"
            )
        return symptoms.filled(self._stock.holdings)

    def disk(self) -> str:
        """No index lies in the clear but on a disk that is seen to be encrypted."""
        return symptoms.sealed(self._stock.in_the_clear(), self._config)

    def log(self) -> str:
        """The log takes leaves in, and its witnesses follow."""
        return symptoms.log(self._office, self._config.witness_seconds)

    def outbox(self) -> str:
        """What must go to the coordinator goes."""
        return symptoms.outbox(self._office)

    def terms(self) -> str:
        """Nothing of ours is about to run out."""
        return symptoms.terms(self._office, self._stock.holdings)

    def space(self) -> str:
        """There is room to go on."""
        return symptoms.space(self._config.state_dir)

    def serving(self) -> str:
        """The running node, if one runs, says that it serves."""
        return symptoms.serving(self._config, self._office)

    @property
    def _office(self) -> Office:
        return _looked_at(self._opened)

    @property
    def _stock(self) -> Stock:
        return _looked_at(self._stocked)


def _looked_at(opened: _T | None) -> _T:
    """What an earlier check has opened; a finding of it comes first."""
    if opened is None:
        raise Fault("not looked at: the finding above comes first")
    return opened


_KINDS = (
    ("scheme", "scheme"),
    ("linkage", "epoch"),
    (".index", "epoch"),
    ("policy", "settings"),
)


def _kind(error: ConfigurationRefused) -> str:
    if isinstance(error.__cause__, Damaged | NotAnIndex):
        return "index"
    for word, kind in _KINDS:
        if word in error.detail:
            return kind
    return "source"
