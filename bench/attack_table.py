"""The report of ``bench.attack`` as a table in plain text, in per cent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = 26
CELL = 12


def table(report: dict[str, Any]) -> str:
    """Return the table: what is re-identified, by party and the list's share."""
    shares = [f"{share}" for share in report["lists"]]
    parts = (
        _coordinator(report["coordinator"]),
        _file(report["index_as_written"], shares),
        _decrypted(report["index_decrypted"], report["listed"], shares),
        _node(report["node"], shares),
        _control(report["control"]),
        _hardening(report["hardening"], shares),
    )
    lines = [_row("re-identified, %", [f"list {share} %" for share in shares])]
    lines += [line for part in parts for line in part]
    lines.append(f"{report['rows']} rows of {report['agency']}, {report['seconds']} s")
    lines.append("gate: " + ("passed" if report["gate"]["passed"] else "BROKEN"))
    lines += [f"  {one}" for one in report["gate"]["broken"]]
    return "".join(f"{line}\n" for line in lines)


def _row(name: str, cells: list[str], note: str = "") -> str:
    return (name.ljust(NAME) + "".join(f"{one:>{CELL}}" for one in cells)).ljust(
        NAME + CELL * len(cells)
    ) + (f"  {note}" if note else "")


def _line(name: str, shares: list[float], note: str = "") -> str:
    return _row(name, [f"{100 * share:.1f}" for share in shares], note)


def _alone(name: str, found: dict[str, Any], key: str, note: str = "") -> str:
    """A figure that no list stands behind, or the whole table as the list."""
    told = f"{100 * found[key]:.1f} of {found['targets']}"
    return _row(name, [told], note)


def _coordinator(found: dict[str, Any]) -> Iterator[str]:
    lists = [one["reidentified"] for one in found["lists"].values()]
    yield _line("coordinator", lists, f"best of {found['attacks']} attacks")
    yield _alone("  search for names", found["dictionary"], "reidentified", "persons")
    yield _alone("  repeated searches", found["repetition"], "reidentified", "pairs")
    alike = [found["same_answers"][one] for one in ("one_person", "two_persons")]
    yield _line("  answered alike", alike, "pairs for one person, for two")


def _worst(ways: dict[str, Any]) -> tuple[float, str]:
    found = max(((one["reidentified"], way) for way, one in ways.items()), default=None)
    return found if found and found[0] else (0.0, "")


def _file(found: dict[str, Any], shares: list[str]) -> Iterator[str]:
    worst = [max(_worst(ways)[0] for ways in found[share].values()) for share in shares]
    yield _line("index as written", worst, "worst field")


def _decrypted(
    found: dict[str, Any], listed: dict[str, Any], shares: list[str]
) -> Iterator[str]:
    yield "index decrypted, no linkage key (right: which attack; how many are listed)"
    for field in found[shares[-1]]:
        worst = [_worst(found[share].get(field, {})) for share in shares]
        there = " / ".join(f"{100 * listed[share][field]:.0f}" for share in shares)
        note = f"{worst[-1][1] or 'none':<10} {there}"
        yield _line(f"  {field}", [share for share, _ in worst], note)


def _node(found: dict[str, Any], shares: list[str]) -> Iterator[str]:
    yield "node that receives queries (has the linkage key)"
    for field in found["dictionary"][shares[-1]]:
        known = [found["dictionary"][share][field]["share"] for share in shares]
        yield _line(f"  {field} by dictionary", known)
    yield _alone("  name without any list", found["pairs_of_letters"], "share")
    yield _alone("  row named by own scan", found["own_scan"], "share")


def _control(found: dict[str, Any]) -> Iterator[str]:
    yield "control: plain filters of given names, no key, list 100 %"
    for way, one in found.items():
        yield _alone(f"  {way}", one, "reidentified")


def _hardening(found: dict[str, Any], shares: list[str]) -> Iterator[str]:
    yield "given name, hardened (graph matching)"
    for name in found[shares[-1]]:
        yield _line(f"  {name}", [found[share][name]["share"] for share in shares])
