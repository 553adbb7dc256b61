"""The requester's side of a disclosure: check first, open after, answer for it.

A disclosure is opened only when its signature, its proof of inclusion under a
cosigned checkpoint, its ciphertext's hash and every approval hold. A signed
`receipt` goes back whether or not it could be opened. Records are kept sealed in the
vault and put together to a profile in which every source is listed, with those that
denied or never answered.
"""

from __future__ import annotations

from typing import Any

from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.entry import opens
from childgrid_log.merkle import leaf_hash, verify_inclusion
from childgrid_log.service import log_key, witness_key
from childgrid_node import bundle, current, docket, onward
from childgrid_node.bundle import Proof
from childgrid_node.clerical import Words
from childgrid_node.explain import likelihood
from childgrid_node.journal import verified
from childgrid_node.office import Office
from childgrid_node.query import category_of, not_asked
from childgrid_wire import canonical, rules, seal
from childgrid_wire import schema as s
from childgrid_wire.errors import Malformed, Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.schemas import category
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

_YEAR = 366 * 86_400


def _text(value: object, at: str) -> None:
    """A holder's own words, whatever they are."""
    if not isinstance(value, str):
        raise Malformed(f"{at} is no text")


_MOST = 64
_RECORD = s.record(
    salt=s.Maybe(s.nonce),
    source=_text,
    holder=s.member,
    category=category,
    record=_text,
    index_as_of=s.time,
    read_at=s.time,
    fields=s.table(s.name, s.items(_text, _MOST, unique=False), _MOST),
    meanings=s.Maybe(
        s.table(s.name, s.items(s.optional(s.name), _MOST, unique=False), _MOST)
    ),
)
"""What is disclosed, once it is opened; see `disclose`."""


def take(
    office: Office, disclosure: Statement, ciphertext: bytes, proof: Proof
) -> Statement:
    """Check and open a disclosure; returns the receipt that was logged.

    Raises:
        Refused, Untrusted: it is not what was asked for and approved; nothing kept.
    """
    request = office.own(office.journal.get(disclosure["request"], Kind.REQUEST))
    known = office.journal.answers(disclosure.hash, Kind.RECEIPT)
    if known:
        return known[0]
    _check(office, disclosure, request, ciphertext, proof)
    current.hear(office, disclosure, request)
    private = office.journal.secret(f"request:{request.hash}")
    content = _open(office, request, disclosure, ciphertext, private)
    receipt = office.speak(
        Kind.RECEIPT,
        seconds=_YEAR,
        answers=disclosure.hash,
        disclosure=disclosure.hash,
        ciphertext=disclosure["ciphertext"],
        opened=content is not None,
    )
    with office.journal.writing() as writing:
        writing.say(disclosure)
        writing.say(receipt)
        writing.send(receipt)
        bundle.keep_proof(writing, disclosure, proof)
        if content is not None:
            office.journal.keep_secret(writing, f"record:{request.hash}", content)
        writing.run("DELETE FROM secret WHERE name = ?", (f"request:{request.hash}",))
    return receipt


def _check(
    office: Office,
    disclosure: Statement,
    request: Statement,
    ciphertext: bytes,
    proof: Proof,
) -> None:
    if seal.digest(ciphertext) != disclosure["ciphertext"]:
        raise Untrusted(Reason.BAD_SIGNATURE, "ciphertext")
    named = [
        disclosure["directory"],
        disclosure["floor"],
        disclosure["policy"],
        *disclosure["staff"].values(),
    ]
    view = office.shelf.book.named(disclosure.issued, named)
    asked = verified(view, office.journal.get(request["query"], Kind.QUERY))
    approvals = [
        verified(view, one)
        for one in office.journal.answers(request.hash, Kind.APPROVAL)
        if one.hash in disclosure["approvals"]
    ]
    category = category_of(office, request)
    grant = rules.check_request(view, asked, request, approvals, category)
    rules.check_disclosure(view, disclosure, request, grant)
    check_proof(view, disclosure, proof)


def check_proof(view: View, said: Statement, proof: Proof) -> None:
    """Whether a quorum of witnesses has seen `said` in its issuer's log.

    Raises:
        Untrusted: leaf, path or cosignatures don't hold.
    """
    log = log_key(view, said.issuer)
    witnesses = [
        witness_key(view, one["id"]).vkey for one in view.witnesses(said.issuer)
    ]
    quorum = view.directory["witnesses"]["quorum"]
    try:
        head = open_checkpoint(proof.checkpoint, log.vkey, witnesses, quorum)
        verify_inclusion(
            leaf_hash(proof.leaf),
            proof.index,
            head.checkpoint.size,
            list(proof.hashes),
            head.checkpoint.root,
        )
        good = opens(proof.leaf, proof.salt, said.data)
    except WireError:
        raise
    except Exception as error:
        raise Untrusted(Reason.BAD_SIGNATURE, "proof") from error
    if not good:
        raise Untrusted(Reason.BAD_SIGNATURE, "leaf")


def _open(
    office: Office,
    request: Statement,
    disclosure: Statement,
    ciphertext: bytes,
    private: bytes | None,
) -> bytes | None:
    """The record's bytes, or nothing where the key is gone or the content isn't it."""
    if private is None:
        return None
    binding = Binding("disclosure", request.id, disclosure.issuer, office.member, 0)
    try:
        content = seal.unseal(ciphertext, private, binding)
        found = canonical.loads(content)
        _check_record({name: found[name] for name in found.keys() & _RECORD.fields})
    except WireError:
        return None
    told = {
        "fields": sorted(found["fields"]),
        "category": found["category"],
        "issuer": found["holder"],
        "content": seal.digest(content),
    }
    said = {"content": told["content"], **disclosure.body}
    return content if all(said[name] == told[name] for name in told) else None


def _check_record(found: dict[str, Any]) -> None:
    """Hold a record to its shape: it is another agency's, which may be hostile.

    What a later release adds beside it is let through, and shown by nobody here.
    """
    _RECORD(found, "record")
    for label, texts in found["fields"].items():
        if len(found.get("meanings", {}).get(label, texts)) != len(texts):
            raise Malformed("record.meanings")


def record(office: Office, request: str) -> dict[str, Any] | None:
    """A disclosed record as it was opened, or nothing."""
    content = office.journal.secret(f"record:{request}")
    return canonical.loads(content) if content else None


def profile(office: Office, query: Statement) -> dict[str, Any]:
    """The 360° profile of a query: every source, what it gave, and what it didn't.

    Beside the sources stands what was asked: `suspect` and `case_reference` as the
    officer wrote them, who asked and when, how far the query is (`state`, `sent`), and
    `read_at` (Unix seconds).

    Raises:
        Refused: the query is not this agency's.
    """
    office.own(query)
    requests = docket.requests(office, query.hash)
    words = Words(office, query.hash)
    sources = []
    for target in sorted(query["targets"]):
        asked = [one for one in requests if one["holder"] == target]
        sources.append(_source(office, query, target, asked, words))
    return {
        "grid": office.view.directory["grid"]["kind"],
        "notice": "a lead, not an identification; not grounds for arrest",
        "query": query.hash,
        "purpose": query["purpose"],
        "sections": query["sections"],
        "by": query.person,
        "issued": query.issued,
        "read_at": office.now,
        "state": docket.state(office, query),
        "sent": docket.is_sent(office, query),
        **docket.known(office, query.hash),
        "sources": sources,
        "not_asked": not_asked(office, query),
    }


def _source(
    office: Office,
    query: Statement,
    target: str,
    requests: list[Statement],
    words: Words,
) -> dict[str, Any]:
    answer = docket.newest(office, query.hash).get(target)
    return {
        "agency": target,
        "answer": answer["outcome"] if answer else "not answered",
        "as_of": answer["as_of"] if answer else 0,
        "answered_at": answer.issued if answer else 0,
        "candidates": [
            {
                **one,
                "likelihood": likelihood(one),
                "clerical": words.of(target, one["handle"]),
            }
            for one in (answer["candidates"] if answer else ())
        ],
        "requests": [_outcome(office, one) for one in requests],
    }


def _outcome(office: Office, request: Statement) -> dict[str, Any]:
    refusals = office.journal.answers(request.hash, Kind.REFUSAL)
    found = record(office, request.hash)
    return {
        "request": request.hash,
        "by": request.person,
        "issued": request.issued,
        "handle": request["handle"],
        "asked": request["fields"],
        "state": state(office, request),
        "reason": refusals[0]["reason"] if refusals else "",
        "refused_at": refusals[0].issued if refusals else 0,
        **_given(office, request),
        "record": found or {},
    }


def progress(office: Office, request: Statement) -> dict[str, Any]:
    """How an own request stands, and which of its fields came."""
    given = _given(office, request)["granted"]
    return {"state": state(office, request), "granted": given}


def _given(office: Office, request: Statement) -> dict[str, Any]:
    """The disclosure by its hash: when, as of when, and which fields were granted."""
    for given in office.journal.answers(request.hash, Kind.DISCLOSURE):
        return {
            "disclosure": given.hash,
            "disclosed_at": given.issued,
            "row_as_of": given["row_as_of"],
            "granted": given["fields"],
        }
    return {"disclosure": "", "disclosed_at": 0, "row_as_of": 0, "granted": []}


def state(office: Office, request: Statement) -> str:
    """How a request stands; `lost` is a record that came and couldn't be opened.

    One that is void since a log was closed, or that its holder took back, or withdrawn,
    or that the coordinator did not take, as one too many, is `expired`, whatever time
    it had: nothing comes of it any more.
    """
    if record(office, request.hash):
        return "disclosed"
    if office.journal.answers(request.hash, Kind.DISCLOSURE):
        return "lost"
    if office.journal.answers(request.hash, Kind.REFUSAL):
        return "denied"
    lasts = request.expires > office.now and current.stands(office, request)
    void = office.journal.answers(request.hash, Kind.VOID)
    stays = onward.is_withdrawn(office, request) or onward.is_turned_away(
        office, request
    )
    return "open" if lasts and not void and not stays else "expired"


def forget(office: Office) -> int:
    """Delete private keys of requests that ran out; returns how many."""
    kept = office.journal.rows("SELECT name FROM secret WHERE name LIKE 'request:%'")
    dead = [
        str(name)
        for (name,) in kept
        if office.journal.get(name.removeprefix("request:"), Kind.REQUEST).expires
        <= office.now
    ]
    with office.journal.writing() as writing:
        for name in dead:
            writing.run("DELETE FROM secret WHERE name = ?", (name,))
    return len(dead)
