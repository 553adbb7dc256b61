"""The officer's justification of a request, as its holder opens it."""

from __future__ import annotations

from childgrid_node import sealing
from childgrid_node.office import Office
from childgrid_wire import canonical, seal
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement


def justification(office: Office, request: Statement, sealed: bytes) -> str:
    """Open a request's prose at the holder; raises `WireError` where it is none."""
    if seal.digest(sealed) != request["justification"]:
        raise Refused(Reason.FIELDS, "justification")
    binding = Binding("request", request.id, request.issuer, office.member, 0)
    for name in sealing.kept(office):
        try:
            content = seal.unseal(sealed, sealing.private(office, name), binding)
        except Untrusted:
            continue
        prose = canonical.loads(content).get("justification")
        if not isinstance(prose, str):
            raise Malformed("justification")
        return prose
    raise Refused(Reason.EXPIRED, "sealing key")
