"""A second reader of a split view: evidence.py FILE --key BASE64.

FILE is what a witness or an auditor's station keeps when a log shows two faces; the
key is the log's, `log_key` of its member in the directory. It shares no code with the
first, and doesn't say which face is the true one. The rule: what can't be read or
verified convicts nobody.
Exit codes: 0 the log is convicted, its name, size and two roots on one line; 1 it is
not, and why; 2 it could not be run.
"""

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point


def _need(holds: object, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _unbase(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    _need(base64.b64encode(data).decode() == text, "not canonical base64")
    return data


def _face(note: bytes, key: bytes) -> tuple[str, int, str]:
    """Origin, size and root (base64) of a note that the log's own key has signed."""
    text, gap, rest = note.decode().rpartition("\n\n")
    origin, size, root = text.split("\n")
    _need(gap and size.isascii() and str(int(size)) == size, "not a checkpoint")
    _need(len(_unbase(root)) == sha256().digest_size, "not a checkpoint")
    head = sha256(origin.encode() + b"\n\1" + key).digest()[:4]
    *lines, end = rest.split("\n")
    _need(not end, "not a note")
    for line in lines:
        dash, name, signature = line.split(" ")
        raw = _unbase(signature)
        _need(dash == "—", "not a note")
        if (name, raw[:4]) == (origin, head):
            message = f"{text}\n".encode()
            Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], message)
            return origin, int(size), root
    raise ValueError("a note is not signed by this key")


def split(data: bytes, key: bytes) -> tuple[str, int, str, str]:
    """What the log signed twice: origin, size, and the two roots (base64).

    Raises whatever reading or verifying raises where it is no split view.
    """
    _need(crypto_core_ed25519_is_valid_point(key), "not a sound key")
    told = json.loads(data)
    _need(told["format"] == "childgrid/split-view/v1", "of another format")
    first, second = (_face(_unbase(told[name]), key) for name in ("first", "second"))
    _need(first[:2] == second[:2], "the notes are of two logs or of two sizes")
    _need(first[2] != second[2], "both notes say the same")
    return (*first, second[2])


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] != "--key" or not Path(sys.argv[1]).is_file():
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        print(*split(Path(sys.argv[1]).read_bytes(), _unbase(sys.argv[3])))
    except Exception as error:
        print(f"no split view: {str(error) or repr(error)}")
        sys.exit(1)
