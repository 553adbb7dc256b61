"""`childgrid-audit`: join, install, witness, mirror, export, verify, lists, workbench.

`verify`, `disclosures` and `searches` work offline, without state or settings, on any
machine that has an exported directory and the grid's root fingerprint. Exit codes: 0
all holds, 1 something was found, 2 the command could not be carried out.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childgrid_audit import upkeep

if TYPE_CHECKING:
    from childgrid_audit.station import Station
    from childgrid_audit.verify import Verdict

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The memory of a grid: mirror, witness, verify.",
)
_STOP_SECONDS = 30.0
"""What a station has to end in; then it ends all the same."""

Config = Annotated[Path, typer.Option(help="The station's TOML file.")]
Bundle = Annotated[Path, typer.Argument(help="An exported directory.")]
Root = Annotated[
    str,
    typer.Option(envvar="CHILDGRID_ROOT", help="The grid's root fingerprint, 64 hex."),
]


@contextmanager
def _station(config: Path) -> "Iterator[Station]":
    from childgrid_audit.config import load
    from childgrid_audit.station import Station
    from childgrid_wire.keyfile import read_passphrase

    settings = load(config)
    passphrase = read_passphrase(settings.passphrase_file)
    station = Station.open(settings.state_dir, passphrase)
    try:
        yield station
    finally:
        station.close()


@app.command()
def join(
    config: Config,
    token: Annotated[Path, typer.Option(help="The founders' token file.")],
    title: Annotated[str, typer.Option(help="What members see.")],
    address: Annotated[str, typer.Option(help="host:port that members dial.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the enrolment here, hand nothing in.")
    ] = None,
) -> None:
    """Make this station's keys and ask the founders to let it in; safe to repeat."""
    from childgrid_audit import join as verb
    from childgrid_audit.config import load
    from childgrid_wire.enrolment import Token
    from childgrid_wire.keyfile import read_passphrase, write_private

    settings, ticket = load(config), Token.read(token)
    passphrase = read_passphrase(settings.passphrase_file)
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    envelope, fingerprint = verb.enrol(
        settings, passphrase, ticket, title, address, int(time.time())
    )
    typer.echo(f"read this to the founders: {fingerprint}")
    if out is not None:
        write_private(out, envelope)
        return
    answer = verb.hand_in(ticket, envelope)
    if answer.state == "welcome":
        issuer, root = answer.issuer.encode(), answer.root.encode()
        documents = verb.fetch_documents(ticket)
        verb.install(settings, passphrase, documents, issuer, root, int(time.time()))
    typer.echo(answer.state)


@app.command()
def install(
    config: Config,
    pack: Annotated[Path, typer.Option(help="The founders' answer, a folder.")],
) -> None:
    """Install the founders' certificates and first documents."""
    from childgrid_audit import join as verb
    from childgrid_audit.config import load
    from childgrid_wire.keyfile import read_passphrase

    settings = load(config)
    passphrase = read_passphrase(settings.passphrase_file)
    documents, issuer, root = verb.read_pack(pack)
    known = verb.install(
        settings, passphrase, documents, issuer, root, int(time.time())
    )
    typer.echo(f"certificates installed; {known} documents known")


@app.command()
def witness(config: Config) -> None:
    """Witness others' logs and show the own one, until SIGTERM."""
    from childgrid_audit.config import load
    from childgrid_audit.server import Watch
    from childgrid_wire import logs
    from childgrid_wire.ending import Ending

    ending = Ending()
    logs.configure(load(config).log_format)
    with _station(config) as station:
        watch = Watch(station, load(config))
        port = watch.start()
        typer.echo(f"{station.member} witnesses on port {port}")
        sys.stdout.flush()
        ending.wait(_STOP_SECONDS)
        watch.stop()


@app.command()
def migrate(
    config: Config,
    to: Annotated[str, typer.Option(help="An earlier schema, such as 0001.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only look; status 1 if anything is due.")
    ] = False,
) -> None:
    """Bring the databases to this release's schema, or back; stop the station first."""
    from childgrid_audit.config import load
    from childgrid_audit.migrating import bases
    from childgrid_migrate.command import run

    if not run(bases(load(config)), to, check, typer.echo):
        raise typer.Exit(1)


@app.command()
def mirror(config: Config) -> None:
    """Fetch the board and every log; a party that is away is named."""
    from childgrid_audit import copies
    from childgrid_audit.config import load
    from childgrid_audit.mirror import Mirror
    from childgrid_wire.channel import Dialer

    settings = load(config)
    with _station(config) as station:
        work = Mirror(station)
        dialer = Dialer(station.identity.credentials("auditor"))
        faults = work.fetch_board(
            dialer, settings.coordinator_address, settings.coordinator
        )
        for fault in faults:
            typer.echo(f"board: a document does not verify: {fault}")
        done = work.run(work.sources(dialer))
        dialer.close()
        copies.note(station, done)
    for one in done:
        typer.echo(str(one))
    if faults or any(one.state == "faulty" for one in done):
        raise typer.Exit(1)


@app.command()
def proof(
    config: Config,
    statement: Annotated[str, typer.Argument(help="Hash of the disclosure.")],
    file: Annotated[Path, typer.Argument(help="The proof (C2SP tlog-proof).")],
) -> None:
    """File a proof that was handed over with a record, to go into every export."""
    from childgrid_audit.bundle import is_known
    from childgrid_audit.bundle import proof as path_of
    from childgrid_log.proof import LeafProof
    from childgrid_wire.errors import ConfigurationRefused

    if not is_known(path_of(statement)):
        raise ConfigurationRefused("a statement's hash has 64 hexadecimal digits")
    data = file.read_bytes()
    LeafProof.parse(data)
    with _station(config) as station, station.store.locked():
        station.store.keep_proof(statement, data)


@app.command()
def export(config: Config, directory: Bundle) -> None:
    """Write the mirror with a signed manifest to a new directory."""
    from childgrid_audit.export import export as write

    with _station(config) as station:
        files = write(station, directory)
    typer.echo(f"{directory}: {files} files and a manifest")


def _verdict(directory: Path, root: str) -> "Verdict":
    from childgrid_audit.bundle import Folder
    from childgrid_audit.verify import Verifier
    from childgrid_wire.errors import ConfigurationRefused

    if not directory.is_dir():
        raise ConfigurationRefused(f"{directory} is not a directory")
    return Verifier(root).verify(Folder(directory))


@app.command()
def verify(
    directory: Bundle,
    root: Root,
    notes: Annotated[bool, typer.Option(help="Also say what is still open.")] = False,
) -> None:
    """Verify an exported directory; a line for each finding, and for what was lost.

    What was verified, and as of when, is told beside it (on the error output).
    """
    verdict = _verdict(directory, root)
    for line in verdict.lines(notes=notes):
        typer.echo(line)
    typer.echo(verdict.scope, err=True)
    if not verdict.holds:
        raise typer.Exit(1)


def _list(
    directory: Path, root: str, lines: "Callable[[Verdict], Iterator[str]]"
) -> None:
    verdict = _verdict(directory, root)
    for line in lines(verdict):
        typer.echo(line)
    if not verdict.holds:
        typer.echo(f"{len(verdict.findings)} findings: run verify", err=True)
        raise typer.Exit(1)


@app.command()
def disclosures(directory: Bundle, root: Root) -> None:
    """List every disclosure of an exported directory."""
    from childgrid_audit.disclosures import disclosures as lines

    _list(directory, root, lines)


@app.command()
def searches(directory: Bundle, root: Root) -> None:
    """List every search of an exported directory, with what came of it."""
    from childgrid_audit.disclosures import searches as lines

    _list(directory, root, lines)


@app.command()
def court(
    directory: Bundle,
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    root: Root,
    disclosure: Annotated[
        str, typer.Option(help="Hash of a disclosure, at least 12 digits.")
    ] = "",
    case: Annotated[
        str, typer.Option(help="Commitment of a case, at least 12 digits.")
    ] = "",
    record: Annotated[
        list[Path] | None,
        typer.Option(help="A file that the party produces: its hash is listed."),
    ] = None,
) -> None:
    """Write the evidence for one disclosure or case, with a certificate to fill in."""
    from childgrid_audit.bundle import Folder
    from childgrid_audit.court import Docket, of_case, of_disclosure
    from childgrid_audit.docket import produced, write
    from childgrid_wire.errors import ConfigurationRefused

    if bool(disclosure) == bool(case):
        raise ConfigurationRefused("name one --disclosure or one --case")
    verdict = _verdict(directory, root)
    chosen = (
        of_disclosure(verdict.ledger, disclosure)
        if disclosure
        else of_case(verdict.ledger, case)
    )
    records = produced(record or [])
    docket = Docket(Folder(directory), verdict, root, chosen, records)
    typer.echo(f"{out}: {write(docket, out)} files; the certificate is a template")


@app.command()
def key(
    config: Config,
    officer: Annotated[str, typer.Option(help="Your id in the station's list.")],
    out: Annotated[Path, typer.Option(help="Where the locked key goes.")],
    passphrase_file: Annotated[
        Path | None,
        typer.Option(help="Its passphrase, or the token's PIN; asked for otherwise."),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option(help="PKCS#11 library of a token's maker: the key is on a token."),
    ] = None,
    token: Annotated[str, typer.Option(help="Its label or serial number.")] = "",
    token_key: Annotated[str, typer.Option(help="The key's label or id (hex).")] = "",
) -> None:
    """Make a person's own key, or take one on a token; prints it for the list."""
    from childgrid_audit.auditors import make_key
    from childgrid_audit.config import load
    from childgrid_wire import personal

    member = load(config).member
    if library is None:
        personal.check_no_token(token, token_key)
        typer.echo(make_key(out, member, officer, _secret(passphrase_file)))
        return
    pin = _secret(passphrase_file, personal.PIN)
    keyid = f"{member}/{officer}"
    taken = personal.enrol(out, keyid, library, token, token_key, pin)
    for line in personal.lines(taken):
        typer.echo(line)


def _secret(file: Path | None, asked: str = "Passphrase of your key") -> bytes:
    """What opens a person's key, from a file or typed."""
    from childgrid_wire.keyfile import read_passphrase

    if file is not None:
        return read_passphrase(file)
    return bytes(typer.prompt(asked, hide_input=True).encode())


@app.command()
def staff(
    config: Config,
    people: Annotated[Path, typer.Argument(help="TOML tables `auditor`: id, key.")],
) -> None:
    """Sign the list of this station's people and hang it on the board."""
    from childgrid_audit import board
    from childgrid_audit.auditors import enlist
    from childgrid_audit.config import load

    settings = load(config)
    with _station(config) as station:
        made = enlist(station, people)
        board.publish(station, settings, made)
    typer.echo("the list hangs on the board")


@app.command()
def serve(
    directory: Annotated[
        Path | None, typer.Argument(help="An exported directory, or none.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The station's TOML file: show its mirror.")
    ] = None,
    root: Annotated[
        str, typer.Option(envvar="CHILDGRID_ROOT", help="For a directory, 64 hex.")
    ] = "",
    listen: Annotated[
        str, typer.Option(help="host:port on loopback; port 0 takes a free one.")
    ] = "127.0.0.1:7430",
    key: Annotated[
        Path | None, typer.Option(help="Your own key, to sign findings; with --config.")
    ] = None,
    key_passphrase_file: Annotated[
        Path | None, typer.Option(help="Its passphrase or PIN; asked for if left out.")
    ] = None,
) -> None:
    """Show the workbench to the browser of whoever starts this, on loopback only."""
    from childgrid_audit.workbench.opening import open_workbench
    from childgrid_wire.personal import secret_name

    secret = _secret(key_passphrase_file, secret_name(key)) if key else b""
    open_workbench(directory, config, root, listen, key, secret, typer.echo)


for _verb in (upkeep.archive, upkeep.backup, upkeep.restore):
    app.command()(_verb)


def main() -> None:
    """Run the command line; errors are one line on stderr and exit code 2."""
    from childgrid_audit.errors import AuditError
    from childgrid_log.errors import LogError
    from childgrid_wire.errors import WireError

    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    try:
        app()
    except (AuditError, LogError, WireError, OSError) as error:
        typer.echo(f"childgrid-audit: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
