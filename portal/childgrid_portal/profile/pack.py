"""The evidence bundle as one file to hand over: what the own node gives, and a guide.

The node's files go in as they are, in the order of their paths and with one fixed time,
so that the same evidence is the same file. A path that would leave the folder in which
it is opened is refused, whoever gave it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from childgrid_portal.profile.export import Mark
from childgrid_wire import canonical
from childgrid_wire.errors import Malformed

_PATH = re.compile(
    r"manifest\.dsse|(?:statements|records|proofs)/[0-9a-f]{64}\.(?:dsse|json|proof)"
)
_MOMENT = (1980, 1, 1, 0, 0, 0)
_GUIDE = """{grid}
{notice}
{officer}; {case}; {time}

Evidence behind a childgrid profile.

statements/HASH.dsse     what was signed, by whom; HASH is of the signed bytes
records/HASH.json        what a holder disclosed, byte for byte; HASH is its disclosure
proofs/HASH.proof        C2SP tlog-proof: the disclosure stood in the holder's log
proofs/HASH.json         the entry of that log, and the salt that opens it
manifest.dsse            SHA-256 and size of every file here, signed by the agency

To check a record without trusting this agency:
1. SHA-256 of records/HASH.json is `content` in the payload of statements/HASH.dsse.
2. The holder's key in the grid's directory verifies that statement.
3. The entry in proofs/HASH.json opens to the statement, and proofs/HASH.proof verifies
   for it under the holder's log key and a quorum of witnesses' keys.
The formats stand in docs/bundle.md of the distribution. An auditor puts this before a
court by `childgrid-audit court --record records/HASH.json`, with a certificate.
"""


def to_zip(files: Mapping[str, str], mark: Mark) -> bytes:
    """Pack the node's files (base64 by path) with a guide, `README.txt`.

    Raises:
        Malformed: a path that no bundle has.
    """
    guide = _GUIDE.format(
        grid=mark.grid.upper(),
        notice=mark.notice,
        officer=mark.officer,
        case=mark.case,
        time=mark.moment,
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        _put(made, "README.txt", guide.encode())
        for path in sorted(files):
            if not _PATH.fullmatch(path):
                raise Malformed("bundle.path")
            _put(made, path, canonical.from_b64(files[path]))
    return out.getvalue()


def _put(made: zipfile.ZipFile, path: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(path, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    made.writestr(entry, data)
