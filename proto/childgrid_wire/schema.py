"""The vocabulary of closed schemas: what one field of a statement may hold.

A `Shape` checks a parsed JSON value and raises `Malformed` naming the field. There
is no free text here: prose is sealed to its reader and never stands in a statement.
The one exception is `label`, short printable ASCII for the names of agencies, used
only in documents that the founders or an agency sign about themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from childgrid_wire import canonical
from childgrid_wire.errors import Malformed

Shape = Callable[[object, str], None]

MAX_INT = 2**53 - 1
MEMBER = r"[a-z][a-z0-9-]{0,30}"
OFFICER = r"[a-z0-9][a-z0-9-]{0,30}"
_FIELD = re.compile(r"[a-z_]{1,20}\Z")


def _pattern(expression: str, what: str) -> Shape:
    compiled = re.compile(rf"(?:{expression})\Z", re.ASCII)

    def check(value: object, at: str) -> None:
        if not isinstance(value, str) or not compiled.match(value):
            raise Malformed(f"{at} is not {what}")

    return check


member = _pattern(MEMBER, "a member id")
officer = _pattern(OFFICER, "an officer id")
keyid = _pattern(
    rf"founder:{MEMBER}|joiner:{MEMBER}|{MEMBER}(?:/{OFFICER})?", "a key id"
)
address = _pattern(r"[A-Za-z0-9.-]{1,253}:[1-9][0-9]{0,4}", "host:port")
label = _pattern(r"[ -~]{1,80}", "a short printable name")
name = _pattern(r"[a-z][a-z0-9_-]{0,39}", "a lower-case name")
# A browser takes `NAME.localhost` for the machine it runs on, and for as safe as https.
_PORT = r"(?::[0-9]{2,5})?"
origin = _pattern(
    rf"https://[a-z0-9.-]{{1,200}}{_PORT}|http://(?:[a-z0-9-]{{1,63}}\.)?localhost{_PORT}",
    "an https origin, or http of NAME.localhost",
)
domain = _pattern(r"[a-z0-9.-]{1,200}", "a domain")
section = _pattern(
    r"[A-Z]{2,8}:[0-9]{1,4}[A-Z]{0,2}(?:\([0-9a-z]{1,4}\)){0,3}",
    "an act and section such as BNS:143(4)",
)


def integer(low: int = 0, high: int = MAX_INT) -> Shape:
    """A whole number from `low` to `high`, both included; never a boolean."""

    def check(value: object, at: str) -> None:
        if type(value) is not int or not low <= value <= high:
            raise Malformed(f"{at} is not a whole number from {low} to {high}")

    return check


LAST_TIME = 253_402_214_400
"""The beginning of 31 December 9999: what is later has no date in any calendar here."""

time = integer(0, LAST_TIME)
version = integer(1)
boolean: Shape


def _boolean(value: object, at: str) -> None:
    if type(value) is not bool:
        raise Malformed(f"{at} is not true or false")


boolean = _boolean


def hexes(size: int) -> Shape:
    """Lower-case hex of exactly `size` bytes."""
    return _pattern(f"[0-9a-f]{{{2 * size}}}", f"hex of {size} bytes")


digest = hexes(32)
budgeted = _pattern(f"{OFFICER}|[0-9a-f]{{64}}", "an officer, a member or a case")
nonce = hexes(16)


def base64(low: int, high: int) -> Shape:
    """Canonical base64 of `low` to `high` bytes."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, str):
            raise Malformed(f"{at} is not base64")
        if not low <= len(canonical.from_b64(value)) <= high:
            raise Malformed(f"{at} is not base64 of {low} to {high} bytes")

    return check


def enum(*values: str) -> Shape:
    """One of `values`."""

    def check(value: object, at: str) -> None:
        if value not in values:
            raise Malformed(f"{at} is not one of: {', '.join(values)}")

    return check


def optional(shape: Shape) -> Shape:
    """Either what `shape` takes or the empty string, which says: none."""

    def check(value: object, at: str) -> None:
        if value != "":
            shape(value, at)

    return check


class Maybe:
    """A field that may be left out of a record; where it stands it has a shape.

    It lets a kind grow: what was said before has it nowhere, and who doesn't know it
    refuses what has it.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def __call__(self, value: object, at: str) -> None:
        """Check `value`, which is there."""
        self._shape(value, at)


def yes(value: object, at: str) -> None:
    """True and nothing else; for a `Maybe` that is left out where it isn't so."""
    if value is not True:
        raise Malformed(f"{at} is not true")


def items(shape: Shape, high: int, low: int = 0, unique: bool = True) -> Shape:
    """A list of `low` to `high` entries, without repetition unless said."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise Malformed(f"{at} is not a list of {low} to {high}")
        for index, entry in enumerate(value):
            shape(entry, f"{at}[{index}]")
        if unique and _repeats(value):
            raise Malformed(f"{at} repeats an entry")

    return check


def _repeats(entries: list[object]) -> bool:
    if all(type(entry) is str for entry in entries):
        return len(set(entries)) != len(entries)
    return len({canonical.dumps(entry) for entry in entries}) != len(entries)


def table(keys: Shape, values: Shape, high: int) -> Shape:
    """An object of at most `high` entries whose keys and values have shapes."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, dict) or len(value) > high:
            raise Malformed(f"{at} is not a table of at most {high}")
        for key, entry in value.items():
            keys(key, f"{at} key")
            values(entry, f"{at}.{key}")

    return check


@dataclass(frozen=True)
class Record:
    """An object with exactly these fields: none may be missing, none be extra.

    Only a `Maybe` may be left out.
    """

    fields: dict[str, Shape] = field(default_factory=dict)

    def __call__(self, value: object, at: str) -> None:
        """Check `value`; raises `Malformed` naming the first field at fault."""
        if not isinstance(value, dict):
            raise Malformed(f"{at} is not an object")
        if value.keys() != self.fields.keys():
            self._check_fields(value, at)
        for key, shape in self.fields.items():
            if key in value:
                shape(value[key], f"{at}.{key}")

    def _check_fields(self, value: dict[str, object], at: str) -> None:
        if extra := sorted(value.keys() - self.fields.keys()):
            named = extra[0] if _FIELD.match(extra[0]) else "with a strange name"
            raise Malformed(f"{at} has an unknown field {named}")
        for key in sorted(self.fields.keys() - value.keys()):
            if not isinstance(self.fields[key], Maybe):
                raise Malformed(f"{at} lacks the field {key}")


def record(**fields: Shape) -> Record:
    """Build a `Record` from named shapes."""
    return Record(fields)
