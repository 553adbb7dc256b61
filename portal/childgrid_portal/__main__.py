"""`childgrid-desk`: officers ask, approve, refuse, request and read.

Reads `desk.toml` (`--config`). What is signed is printed first, from the exact bytes;
`--yes` leaves out the question.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childgrid_wire.errors import ConfigurationRefused, WireError

if TYPE_CHECKING:
    from childgrid_portal.desk import Desk

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Config = Annotated[Path, typer.Option(help="the desk's settings file")]
Yes = Annotated[bool, typer.Option("--yes", help="sign without asking")]
_DEFAULT = Path("desk.toml")


def _desk(config: Path, yes: bool = True) -> Desk:
    from childgrid_portal.config import load
    from childgrid_portal.desk import Desk, Pass, always
    from childgrid_portal.keys import open_key
    from childgrid_wire.personal import secret_name

    settings = load(config)
    asked = secret_name(settings.key)
    signer = open_key(settings.key, _secret(settings.passphrase_file, asked))
    if signer.keyid != f"{settings.member}/{settings.officer}":
        raise ConfigurationRefused(f"{settings.key.name} is another officer's key")
    confirm = always if yes else _confirm
    return Desk(settings.address, Pass.read(settings.desk_pass), signer, confirm)


def _secret(path: Path | None, asked: str = "passphrase") -> bytes:
    from childgrid_wire.keyfile import read_passphrase

    if path is not None:
        return read_passphrase(path)
    answer: str = typer.prompt(asked, hide_input=True)
    return answer.encode()


def _confirm(payload: bytes) -> None:
    from childgrid_portal.render import lines

    for line in lines(payload):
        typer.echo(line)
    typer.confirm("Sign exactly this?", abort=True)


@app.command()
def key(
    member: str,
    officer: str,
    out: Path,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(help="the passphrase, or the token's PIN; asked for if left out"),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option(help="PKCS#11 library of a token's maker: the key is on a token"),
    ] = None,
    token: Annotated[str, typer.Option(help="the token's label or serial number")] = "",
    token_key: Annotated[str, typer.Option(help="the key's label or id (hex)")] = "",
) -> None:
    """Make an officer's signing key, or take one on a token; prints it for staff.toml.

    A token's key never leaves it: the file says where it lies. Name the token and the
    key where there are several.
    """
    from childgrid_portal.keys import make
    from childgrid_wire import personal

    if library is None:
        personal.check_no_token(token, token_key)
        typer.echo(f'key = "{make(out, member, officer, _secret(passphrase_file))}"')
        return
    pin = _secret(passphrase_file, personal.PIN)
    keyid = f"{member}/{officer}"
    taken = personal.enrol(out, keyid, library, token, token_key, pin)
    for line in personal.lines(taken):
        typer.echo(line)


@app.command()
def passphrase(
    key: Annotated[Path, typer.Argument(help="the locked key file")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="the old one; asked for if left out")
    ] = None,
    new_passphrase_file: Annotated[
        Path | None, typer.Option(help="the new one; asked for twice if left out")
    ] = None,
) -> None:
    """Lock a key file by another passphrase; older copies keep the old one."""
    from childgrid_wire.keyfile import read_passphrase, relock
    from childgrid_wire.personal import check_file

    check_file(key)
    old = _secret(passphrase_file)
    if new_passphrase_file is not None:
        new = read_passphrase(new_passphrase_file)
    else:
        typed: str = typer.prompt(
            "new passphrase", hide_input=True, confirmation_prompt=True
        )
        new = typed.encode()
    relock(key, old, new)
    typer.echo(f"{key.name} opens by the new passphrase")


@app.command()
def ask(
    suspect: Annotated[Path, typer.Argument(help="TOML: grid field = text or list")],
    case: Annotated[str, typer.Option(help="the FIR or order, as the register has it")],
    section: Annotated[list[str], typer.Option(help="such as BNS:143(4)")],
    purpose: Annotated[str, typer.Option()] = "investigation",
    target: Annotated[list[str] | None, typer.Option(help="all if left out")] = None,
    hours: Annotated[int, typer.Option()] = 24,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="answered from invented people alone")
    ] = False,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Ask whether a suspect is known to other agencies."""
    from childgrid_portal.config import read_suspect
    from childgrid_wire.errors import ConfigurationRefused
    from childgrid_wire.kinds import PURPOSES

    known = read_suspect(suspect)
    if purpose not in PURPOSES:
        raise ConfigurationRefused(f"--purpose is one of: {', '.join(PURPOSES)}")
    desk = _desk(config, yes)
    typer.echo(
        desk.ask(
            known,
            purpose=purpose,
            sections=section,
            case=case,
            targets=target or (),
            hours=hours,
            rehearsal=rehearsal,
        )
    )


@app.command()
def inbox(config: Config = _DEFAULT) -> None:
    """What waits for this officer's decision."""
    _show(_desk(config).look("inbox"))


@app.command()
def answers(query: str, config: Config = _DEFAULT) -> None:
    """What each agency has answered to a query."""
    _show(_desk(config).look("answers", query))


@app.command()
def show(request: str, config: Config = _DEFAULT) -> None:
    """A request, with its reason and explanation where this officer decides on it."""
    _show(_desk(config).look("request", request))


@app.command()
def approve(
    subject: str,
    field: Annotated[list[str] | None, typer.Option(help="grant only these")] = None,
    silent_hit: Annotated[bool, typer.Option(help="say a silent hit aloud")] = False,
    break_glass: Annotated[bool, typer.Option(help="decide alone, reviewed")] = False,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Approve a query, request or budget that waits for this officer."""
    slot = "silent-hit" if silent_hit else "break-glass" if break_glass else ""
    typer.echo(_desk(config, yes).approve(subject, field or (), slot))


@app.command()
def refuse(
    subject: str, reason: str, config: Config = _DEFAULT, yes: Yes = False
) -> None:
    """Refuse a query or request; this closes it."""
    typer.echo(_desk(config, yes).refuse(subject, reason))


@app.command()
def request(
    query: str,
    holder: str,
    handle: str,
    field: Annotated[list[str], typer.Option()],
    justification: Annotated[str, typer.Option(help="sealed to the holder")],
    hours: Annotated[int, typer.Option()] = 48,
    break_glass: Annotated[bool, typer.Option(help="a child is in danger now")] = False,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Ask a holder for fields of one candidate."""
    desk = _desk(config, yes)
    typer.echo(
        desk.request(
            query,
            holder,
            handle,
            field,
            justification,
            hours,
            break_glass=break_glass,
        )
    )


@app.command()
def review(
    request: str,
    unjustified: Annotated[bool, typer.Option(help="it should not have been")] = False,
    finding: Annotated[bool, typer.Option(help="answer an auditor's finding")] = False,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Review a release by break-glass, or with --finding what an auditor found."""
    desk, right = _desk(config, yes), not unjustified
    made = (
        desk.answer(request, in_order=right)
        if finding
        else desk.review(request, justified=right)
    )
    typer.echo(made)


@app.command()
def outcome(
    request: str,
    disposal: Annotated[str, typer.Argument(help="such as convicted or acquitted")],
    cnr: Annotated[str, typer.Option(help="court's number; a commitment leaves")] = "",
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Tell the holder what became of the case in which its record was disclosed."""
    typer.echo(_desk(config, yes).outcome(request, disposal, cnr))


@app.command()
def clear(
    outcome: Annotated[str, typer.Argument(help="hash of the outcome in the inbox")],
    keep: Annotated[bool, typer.Option(help="leave the row in the index")] = False,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Take the row of somebody who was acquitted out of the own index, or keep it."""
    typer.echo(_desk(config, yes).purge(outcome, out=not keep))


@app.command()
def deputy(
    colleague: Annotated[str, typer.Argument(help="id of an officer of the same role")],
    days: Annotated[int, typer.Option(help="at most 90")] = 7,
    away: Annotated[bool, typer.Option(help="show them all that waits, now")] = False,
    withdraw: Annotated[bool, typer.Option(help="take this deputy back")] = False,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Name who is shown what is overdue here; it gives them no right of yours."""
    hours = 0 if withdraw else days * 24
    typer.echo(_desk(config, yes).deputy(colleague, hours, at_once=away))


@app.command()
def lift(
    scope: Annotated[str, typer.Argument(help="officer, case or agency")],
    subject: Annotated[
        str, typer.Argument(help="an officer's id, a case's commitment, the agency")
    ],
    queries: Annotated[int, typer.Argument(help="queries a day")],
    hours: Annotated[int, typer.Option(help="at most a week")] = 24,
    config: Config = _DEFAULT,
    yes: Yes = False,
) -> None:
    """Ask that a budget be lifted; custodians of holders countersign by `approve`."""
    typer.echo(_desk(config, yes).lift(scope, subject, queries, hours))


@app.command()
def profile(query: str, config: Config = _DEFAULT) -> None:
    """The 360° profile of a query: every source, what it gave and what it didn't."""
    _show(_desk(config).look("profile", query))


def _show(document: object) -> None:
    """Print JSON: another agency's words may be in it, on which no terminal may act."""
    from childgrid_portal.profile.text import escaped

    typer.echo(escaped(json.dumps(document, indent=2, ensure_ascii=False)))


def main() -> None:
    """Run the command line."""
    try:
        app()
    except WireError as error:
        print(f"childgrid-desk: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
