"""What statements may hold, written down, and held against what they held before.

`python -m tests.shapes` writes `proto/statements.json` and `proto/baseline.binpb` from
the tree: what this release's neighbours must go with from then on. It is run when a
release is made, and never to silence a test. The rule: what the last release said is
still read; no field is removed, retyped or narrowed, and a new one is a `Maybe`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from inspect import getclosurevars
from pathlib import Path
from typing import Any

from childgrid_wire.schema import Maybe, Record
from childgrid_wire.schemas import HEADER, SCHEMAS

ROOT = Path(__file__).resolve().parents[1]
STATEMENTS = ROOT / "proto" / "statements.json"
PROTOS = ROOT / "proto" / "baseline.binpb"
UNSAID = frozenset({"opening"})
"""Kinds that the last release had in its list and no program of it ever wrote."""

Drawn = Mapping[str, Any]


def drawn() -> dict[str, Drawn]:
    """Every kind of statement and the header, as JSON."""
    kinds = {kind.value: shape(one) for kind, one in SCHEMAS.items()}
    return {"header": shape(Record(HEADER)), **kinds}


def shape(one: Any) -> dict[str, Any]:
    """One shape: its type, and what bounds it."""
    if isinstance(one, Record):
        fields = {name: shape(part) for name, part in one.fields.items()}
        return {"type": "record", "fields": fields}
    if isinstance(one, Maybe):
        return {**shape(one._shape), "maybe": True}
    name = one.__qualname__.partition(".")[0].strip("_")
    inner = getclosurevars(one).nonlocals
    bounds = {key: inner[key] for key in ("low", "high", "unique") if key in inner}
    if "compiled" in inner:
        bounds["pattern"] = inner["compiled"].pattern
    if "values" in inner and name == "enum":
        bounds["values"] = sorted(inner["values"])
    if "shape" in inner:
        bounds["of"] = shape(inner["shape"])
    if name == "table":
        bounds |= {"keys": shape(inner["keys"]), "of": shape(inner["values"])}
    return {"type": name, **bounds}


def faults(old: Mapping[str, Drawn], new: Mapping[str, Drawn]) -> list[str]:
    """What the earlier release's statements would be refused for, field by field."""
    found = []
    for kind, one in old.items():
        if kind in UNSAID:
            continue
        if kind in new:
            found += list(_unlike(kind, one, new[kind]))
        else:
            found.append(f"{kind} is gone")
    return found


def _unlike(at: str, old: Drawn, new: Drawn) -> Iterator[str]:
    if old["type"] != new["type"]:
        yield f"{at} was {old['type']}, is {new['type']}"
        return
    if old.get("maybe") and not new.get("maybe"):
        yield f"{at} could be left out"
    if new.get("low", 0) > old.get("low", 0) or new.get("high", 0) < old.get("high", 0):
        yield f"{at} took {old.get('low')} to {old.get('high')}"
    if new.get("unique") and not old.get("unique"):
        yield f"{at} could repeat an entry"
    if old.get("pattern") != new.get("pattern"):
        yield f"{at} had another pattern"
    if gone := sorted(set(old.get("values", ())) - set(new.get("values", ()))):
        yield f"{at} could be {', '.join(gone)}"
    for part in ("of", "keys"):
        if part in old:
            yield from _unlike(f"{at}[{part}]", old[part], new[part])
    yield from _fields(at, old.get("fields", {}), new.get("fields", {}))


def _fields(at: str, old: Drawn, new: Drawn) -> Iterator[str]:
    for name, one in old.items():
        if name in new:
            yield from _unlike(f"{at}.{name}", one, new[name])
        else:
            yield f"{at}.{name} is gone"
    for name in new.keys() - old.keys():
        if not new[name].get("maybe"):
            yield f"{at}.{name} is new and can't be left out"


def kept() -> dict[str, Drawn]:
    """What the last release's statements looked like."""
    found: dict[str, Drawn] = json.loads(STATEMENTS.read_text("utf-8"))
    return found


def written() -> str:
    """The snapshot of the statements."""
    return json.dumps(drawn(), indent=1, sort_keys=True) + "\n"


def compiled(protos: Path) -> bytes:
    """The descriptors of the .proto files of a folder."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "childgrid_wire" / "pb"
        place.mkdir(parents=True)
        for path in protos.glob("*.proto"):
            (place / path.name).write_bytes(path.read_bytes())
        files = sorted(str(one.relative_to(name)) for one in place.iterdir())
        compiler = [sys.executable, "-m", "grpc_tools.protoc", "-I."]
        out = ["--descriptor_set_out=all.binpb", "--include_imports"]
        subprocess.run([*compiler, *out, *files], cwd=name, check=True)
        return (Path(name) / "all.binpb").read_bytes()


def main() -> int:
    """Write both snapshots, or with `--print` only say what statements may hold."""
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(written())
        return 0
    STATEMENTS.write_text(written(), "utf-8")
    PROTOS.write_bytes(compiled(ROOT / "proto"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
