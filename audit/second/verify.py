"""A second verifier of exported bundles: verify.py DIRECTORY --root FINGERPRINT.

It shares no code with the first; docs/bundle.md says what it checks and what it leaves.
Exit codes: 0 all holds or is open; 1 a line for each finding, or unreadable; 2 not run.
"""

import base64
import json
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from nacl.bindings import crypto_core_ed25519_is_valid_point

FOUNDED = {"directory", "floor", "scheme"}
BOARD = FOUNDED | {"staff", "policy", "sealing-key", "rotation", "revocation", "notice"}
LEAST = (("holder", "custodian"), ("requester", "supervising-officer"))
Json = dict[str, Any]


def _need(holds: object, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _dumps(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _strict(data: bytes, fields: int = 0) -> Json:
    """Read one object of canonical JSON without floats, of so many fields if given."""
    value = json.loads(data.decode("ascii"), parse_float=str, parse_constant=str)
    same = _dumps(dict(value)) == data and len(value) == (fields or len(value))
    _need(same, "is not canonical JSON, or has other fields")
    return dict(value)


def _unbase(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    _need(base64.b64encode(data).decode() == text, "is not canonical base64")
    return data


def _holds(key: Json, message: bytes, signature: bytes) -> bool:
    """Whether an enrolled key (DER; Ed25519 headless) signed it, by its algorithm."""
    raw, kind = _unbase(key["key"]), key.get("algorithm", "ed25519")
    with suppress(InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        if kind == "webauthn":
            data, text, signature = map(_unbase, _strict(signature, 3).values())
            client, signs = json.loads(text), sha256(b"childgrid/v1" + message)
            challenge = base64.urlsafe_b64encode(signs.digest())[:43].decode()
            told = client["type"], client["challenge"], client.get("crossOrigin", False)
            right = told == ("webauthn.get", challenge, False) and data[32] & 0x1D == 5
            right &= data[:32] == sha256(key["rp_id"].encode()).digest()
            _need(right and client["origin"] in key["origins"], "is no passkey's word")
            message = data + sha256(text).digest()
        public: Any = load_der_public_key(b"0*0\5\6\3+ep\3!\0" * ("ed" in kind) + raw)
        if kind == "ecdsa-p256-sha256":
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            _need(len(signature) == 64 and 2 * s < public.curve.group_order, "high")
            signature = utils.encode_dss_signature(r, s)
        rsa, ed = "rsa" in kind, isinstance(public, ed25519.Ed25519PublicKey)
        how = [padding.PKCS1v15(), SHA256()] if rsa else [ec.ECDSA(SHA256())] * (not ed)
        public.verify(signature, message, *how)
        big = ed or (public.key_size >= 2048 if rsa else "p256r1" in public.curve.name)
        return big and (not ed or crypto_core_ed25519_is_valid_point(raw[-32:]))
    return False


def _tree(leaves: list[bytes], index: int = 0) -> tuple[bytes, list[bytes]]:
    """The root over leaf hashes and the audit path of one (RFC 6962 section 2.1)."""
    if len(leaves) < 2:
        return (leaves or [sha256().digest()])[0], []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, first = _tree(leaves[:half], index)
    right, second = _tree(leaves[half:], index - half)
    path = [*first, right] if index < half else [*second, left]
    return sha256(b"\1" + left + right).digest(), path


class Said(Json):
    """A statement as read, unverified; `name` is the hash of what was signed."""

    def __init__(self, data: bytes) -> None:
        outer = _strict(data, 3)
        payload, label = _unbase(outer["payload"]), outer["payloadType"].encode()
        super().__init__(_strict(payload))
        self.data, self.kind, signed = data, self["kind"], outer["signatures"]
        self.message = b"DSSEv1 %d %s %d " % (len(label), label, len(payload)) + payload
        self.name = sha256(self.message).hexdigest()
        self.signed = {one["keyid"]: _unbase(one["sig"]) for one in signed}
        self.person = f"{self['issuer']}/{self['officer']}".removesuffix("/")
        named = f"application/vnd.childgrid.{self.kind}.v1+json".encode() == label
        _need(named and self["issued"] <= self["expires"], "is of another kind or time")


class Bundle:
    """An exported directory; `found`: what does not hold, `open`: undecidable."""

    def __init__(self, files: dict[str, bytes], root: str) -> None:
        self.files, self.pinned = files, root
        self.found, self.open = list[str](), list[str]()
        self.board, self.said, self.hours = dict[str, Said](), dict[str, Said](), {}
        self.keys, self.ended = dict[str, list[Json]](), dict[str, list[Said]]()
        self.leaves, self.places = dict[str, list[bytes]](), dict[str, dict[str, Any]]()
        for path in self._below("documents/"):
            self._try(path, "document", self._hang, path)
        every = (one for o in self._of("directory") for one in o["members"])
        self.hubs = {one["id"] for one in every if one["kind"] == "coordinator"}
        self._try("manifest.dsse", "manifest", self._manifest)
        for log in sorted({path.split("/")[1] for path in self._below("logs/")}):
            self._try(f"logs/{log}/", "log", self._log, log, f"logs/{log}/")
        for path in self._below("proofs/"):
            self._try(path, "proof", self._proof, path)
        self.requests = [one.get("request") for one in self._of("disclosure")]
        spoken = self.said.values()
        ends = {(str(o.get("disclosure")), o.kind, o.person) for o in spoken}
        for o in self._of("disclosure"):
            taken = (o.name, "receipt", str(o.get("requester"))) in ends
            if taken or (o.name, "void", o.person) not in ends:
                self._try(f"logs/{o.person}/", f"disclosure {o.name}", self._release, o)

    def _try(self, file: str, event: str, check: Any, *on: Any) -> None:  # noqa: ANN401
        try:
            check(*on)
        except Exception as error:
            party = file.split("/")[1] if file.startswith("logs/") else "board"
            self.found.append(f"{file}: {party}: {event}: {str(error) or repr(error)}")

    def _below(self, folder: str) -> list[str]:
        return sorted(path for path in self.files if path.startswith(folder))

    def _of(self, kind: str) -> list[Said]:
        return [o for o in {**self.board, **self.said}.values() if o.kind == kind]

    def _signed(self, said: Said) -> None:
        """Every signature is the speaker's, by a key that is or was its own."""
        _need(len(said.signed) == 1 or said.kind in FOUNDED, "has more signatures")
        for keyid, signature in said.signed.items():
            right = said.person == "founders" and keyid.startswith("founder:")
            _need(right or keyid == said.person, "is another's word")
            held = (_holds(key, said.message, signature) for key in self.keys[keyid])
            _need(any(held), f"is not signed by {keyid}")

    def _hang(self, path: str) -> None:
        """Believe a document that follows from the root and from those before."""
        said, last = Said(self.files[path]), self._of("directory")[-1:]
        new = said.name not in self.board and said.kind in BOARD and not said["officer"]
        _need(new and path == f"documents/{len(self.board) + 1:08d}.dsse", "misplaced")
        if said.kind == "directory":
            pinned = _dumps({"founders": said["founders"], "grid": said["grid"]})
            root = sha256(b"childgrid/v1 root\0" + pinned).hexdigest()
            follows = [said["previous"]] == [one.name for one in last]
            _need(follows or (not last and root == self.pinned), "does not follow")
            last = [*last, said]
        for one in last if said.kind in FOUNDED else []:
            keys = {f"founder:{k['id']}": k for k in one["founders"]["keys"]}
            signed = {keys[who]["key"] for who in said.signed.keys() & keys.keys()}
            _need(len(signed) >= max(1, one["founders"]["threshold"]), "lacks founders")
            self.keys |= {who: [key] for who, key in keys.items()}
        self._signed(said)
        if said.get("target") in ("member", "officer", "key"):
            who = f"{said['member']}/{said['subject']}".removesuffix("/")
            _need(said["issuer"] in ("founders", said["member"]), "revokes another's")
            self.ended.setdefault(who, []).append(said)
        for one in [*said.get("members", ()), *said.get("officers", ())]:
            who = f"{said['issuer']}/{one['id']}".removeprefix("founders/")
            self.keys.setdefault(who, []).append(one)
        self.board[said.name] = said

    def _manifest(self) -> None:
        said, newest = Said(self.files["manifest.dsse"]), self._of("directory")[-1]
        auditors = {one["id"] for one in newest["members"] if one["kind"] == "auditor"}
        auditors -= {o["member"] for who in auditors for o in self.ended.get(who, ())}
        right = said.person in auditors and said["directory"] == newest.name
        there = [self._below(f"logs/{hub}/checkpoint") for hub in self.hubs]
        self._try("logs/", "log", _need, all(there), "no log of the coordinator")
        _need(said.kind == "manifest" and right, "is not an auditor's of now")
        self._signed(said)
        for path in sorted({*self.files, *said["files"]} - {"manifest.dsse"}):
            data = self.files.get(path, b"")
            told = {"sha256": sha256(data).hexdigest(), "size": len(data)}
            self._try(path, "file", _need, said["files"].get(path) == told, "differs")

    def _lines(self, folder: str) -> list[bytes]:
        return b"".join(self.files[path] for path in self._below(folder)).splitlines()

    def _log(self, log: str, home: str) -> None:
        """Entries lead to leaves, and leaves to every root that was signed."""
        lines, entries = self._lines(f"{home}leaves/"), self._lines(f"{home}entries/")
        self.leaves[log] = [bytes.fromhex(line.decode()) for line in lines]
        size = self._note(log, self.files[f"{home}checkpoint"])
        spelled = b"".join(self.leaves[log]).hex().encode() == b"".join(lines)
        _need(spelled and len(lines) == len(entries) == size, "is not as it was signed")
        for line in self._lines(f"{home}history"):
            self._note(log, _strict(line, 1)["note"].encode())
        for at, line in enumerate(entries):
            file = f"{home}entries/{at // 256:08d}.jsonl"
            self._try(file, f"event {at}", self._entry, log, at, line)
        gone = {at for at, one in enumerate(entries) if one[-15:] == b'"statement":""}'}
        own = log.split(".")[:1] * 2
        shreds = [o for o in self._of("shred") if [o.person, o.get("party")] == own]
        _need(gone <= {at for o in shreds for at in o["entries"]}, "lacks entries")

    def _note(self, log: str, note: bytes) -> int:
        """The size of a checkpoint that log and quorum signed over these leaves."""
        text, _, rest = note.decode().rpartition("\n\n")
        origin, size, root = text.split("\n")
        *lines, end = rest.split("\n")
        seen, enough = set[str](), False
        for name, blob in (line.removeprefix("— ").split(" ") for line in lines):
            raw, (who, _, role) = _unbase(blob), name.partition(".childgrid.internal/")
            time = b"cosignature/v1\ntime %d\n" % int.from_bytes(raw[4:-64], "big")
            head, kind = (time, b"\n\4") if role == "witness" else (b"", b"\n\1")
            keys = [{"key": o[f"{role.split('/')[0]}_key"]} for o in self.keys[who]]
            tags = [name.encode() + kind + _unbase(key["key"]) for key in keys]
            key = keys[[sha256(tag).digest()[:4] for tag in tags].index(raw[:4])]
            good = _holds(key, head + text.encode() + b"\n", raw[-64:])
            _need(good and (head or name == origin), f"is not signed by {name}")
            seen |= {who} if head else set()
        for one in self._of("directory"):
            rule, every = one["witnesses"], one["members"]
            able = {who["id"] for who in every if who["kind"] != "coordinator"}
            may = able.intersection(rule["members"]) - {log.split(".")[0]}
            n, q, f = len(may), rule["quorum"], rule["faults"]
            enough |= seen <= may and f < 2 * q - n and q <= min(n - f, len(seen))
        right = origin.replace(".childgrid.internal/log", "").replace("/", ".") == log
        right &= enough and not end and len(lines) == len(seen) + 1
        _need(right, "was not signed by log and quorum")
        part = self.leaves[log][: int(size)]
        _need(str(len(part)) == size and _unbase(root) == _tree(part)[0], "no root")
        return len(part)

    def _entry(self, log: str, at: int, data: bytes) -> None:
        line = _strict(data, 4)
        leaf, envelope = line["leaf"].encode(), line["statement"].encode()
        salt, told = bytes.fromhex(line["salt"]), _strict(leaf, 7)
        known = sha256(b"\0" + leaf).digest() == self.leaves[log][at]
        placed = told["sequence"] == line["index"] == at and salt.hex() == line["salt"]
        _need(known and placed, "is not the entry that was signed for")
        if not envelope:
            return
        opened = sha256(salt + envelope).hexdigest() == told["commitment"]
        _need(opened and len(salt) == 32, "does not open its commitment")
        said = Said(envelope)
        if said.kind in BOARD - {"notice"}:
            _need(self.board[said.name].data == envelope, "is not on the board so")
        elif said.kind != "enrolment":
            self._signed(said)
        ours = self.places.setdefault(said.name, {}).setdefault(log.split(".")[0], {})
        _need(told["kind"] == said.kind and log not in ours, "is logged twice")
        self.said[said.name], ours[log] = said, at
        if said.kind == "revocation" and log.split(".")[0] in self.hubs:
            self.hours.setdefault(said.name, (told["bucket"], told["bucket"] + 3600))

    def _proof(self, path: str) -> None:
        head, _, note = self.files[path].partition(b"\n\n")
        origin, lines = note.decode().split("\n")[0], head.split(b"\n")
        log = origin.replace(".childgrid.internal/log", "").replace("/", ".")
        part, at = self.leaves[log][: self._note(log, note)], int(lines[1][6:])
        hashes = [base64.b64encode(one) for one in _tree(part, at)[1]]
        right = lines == [b"c2sp.org/tlog-proof@v1", b"index %d" % at, *hashes]
        held = self.places.get(path[7:-6], {}).get(log.split(".")[0], {log: at})
        _need(right and held.get(log) == at < len(part), "leads to another statement")

    def _ends(self, who: str, given: Said) -> list[tuple[int, ...]]:
        """Since when that was revoked, at the earliest and latest, if not after it."""
        ours, ends = self.places[given.name], list[tuple[int, ...]]()
        for said in self.ended.get(who, ()):
            theirs = self.places.get(said.name, {})
            shared = ours.keys() & theirs.keys() & self.hubs
            known = all(min(theirs[o].items()) < min(ours[o].items()) for o in shared)
            hung = self.hours.get(said.name, (0, sys.maxsize))
            ends += [tuple(max(said["issued"], at) + 300 for at in hung)] * known
        return ends

    def _release(self, given: Said) -> None:
        """It is what was requested of it, and what persons of both sides approved."""
        holder, asker = given.person, given["requester"]
        request = self.said[given["request"]]
        query, answer = self.said[request["query"]], self.said[request["answer"]]
        same = {"answers": request.name, "recipient_key": request["recipient_key"]}
        same |= {"requester": request["issuer"], "issuer": request["holder"]}
        _need(same.items() <= given.items() and query["issuer"] == asker, "was unasked")
        offer = {"handle": request["handle"], "category": given["category"]}
        offered = any(offer.items() <= one.items() for one in answer["candidates"])
        ours = answer.person == holder and answer["answers"] == query.name
        _need(offered and ours, "is not what the holder had offered")
        _need(self.requests.count(request.name) == 1, "shares its request")
        lost = {"~": 0} if "closed" in self.keys[holder][-1] else {}
        approvals, sides = [self.said[name] for name in given["approvals"]], set()
        persons = {one.person for one in approvals} - {request.person, query.person}
        _need(len(persons) == len(approvals), "one approves twice, or what they asked")
        for one in approvals:
            about = {"kind": "approval", "subject": "request", "answers": request.name}
            _need(about.items() <= one.items(), "an approval is of something else")
            agency = holder if one["side"] == "holder" else asker
            officers = self.board[given["staff"][agency]]["officers"]
            (who,) = (o for o in officers if f"{agency}/{o['id']}" == one.person)
            ends = self._ends(agency, given) + self._ends(one.person, given)
            ends += [(min(who["valid_until"], one["expires"]),) * 2]
            first, last = map(min, zip(*ends, strict=True))
            valid = last > given["issued"]
            what = f"open: disclosure {given.name}: {one.person} was revoked about then"
            self.open += [what] * (first <= given["issued"] < last)
            told = [self.places[said.name] for said in (request, one, given)]
            at = [min(places.get(holder, lost).items()) for places in told]
            _need(valid and at == sorted(at), f"{one.person} was late, or has lapsed")
            sides.add((one["side"], who["role"]))
        fields = {*request["fields"]}.intersection(*[o["fields"] for o in approvals])
        _need(sides >= {*LEAST[: 1 if request.get("break_glass") else 2]}, "no quorum")
        _need(fields and given["fields"] == sorted(fields), "gives other fields")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] != "--root" or not Path(sys.argv[1]).is_dir():
        sys.exit(print(__doc__, file=sys.stderr) or 2)
    below = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
    read = {str(path.relative_to(sys.argv[1])): path.read_bytes() for path in below}
    bundle = Bundle(read, sys.argv[3])
    sys.stdout.writelines(f"{line}\n" for line in bundle.found + bundle.open)
    sys.exit(bool(bundle.found))
