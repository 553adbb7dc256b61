"""Signed notes, keys and checkpoints: published examples, then every misspelling."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from childgrid_log.errors import NoteError, QuorumMissed, SignatureInvalid
from childgrid_log.keys import COSIGNATURE, ED25519, Signer, Verifier
from childgrid_log.merkle import EMPTY_ROOT
from childgrid_log.note import (
    MAX_SIGNATURES,
    Note,
    SignatureLine,
    cosign,
    cosigned_message,
    sign,
    verify_line,
    verify_note,
)
from childgrid_log.strict import enbase64

C2SP = Path(__file__).parents[1] / "vectors" / "c2sp"
LOG = Signer("node.example/log", ED25519, bytes(32))
WITNESSES = [
    Signer(f"witness.example/{i}", COSIGNATURE, bytes([i + 1] * 32)) for i in range(3)
]
VKEYS = [witness.vkey for witness in WITNESSES]
CHECKPOINT = Checkpoint(LOG.verifier.name, 7, bytes(range(32)))


def vector(name: str) -> bytes:
    """Read a published example."""
    return (C2SP / name).read_bytes()


def vkey(name: str) -> str:
    """Read a published key."""
    return vector(name).decode().strip()


def note_of(*lines: SignatureLine, text: bytes = CHECKPOINT.text) -> bytes:
    """Return a note of these lines."""
    return Note(text, lines).encode()


def line_of(index: int, time: int = 1_700_000_000) -> SignatureLine:
    """Return a cosignature by one of our witnesses."""
    return cosign(CHECKPOINT.text, WITNESSES[index], time)


LOG_LINE = sign(CHECKPOINT.text, LOG)


@pytest.mark.parametrize("name", ["example", "neumann", "sumdb"])
def test_published_notes_verify(name: str) -> None:
    """Notes signed by others verify, encode back, and fail once a letter changes."""
    data, key = vector(f"{name}.note"), Verifier.parse(vkey(f"{name}.vkey"), ED25519)
    note = Note.parse(data)
    assert note.encode() == data
    assert list(verify_note(note, [key], strict=True)) == [key]
    assert key.vkey == vkey(f"{name}.vkey")
    with pytest.raises(SignatureInvalid):
        verify_note(Note.parse(b"x" + data), [key], strict=False)


def test_our_signature_is_the_published_one() -> None:
    """From the published example seed, signing gives the published bytes."""
    seed = bytes.fromhex(vector("neumann.seed").decode())
    signer = Signer("PeterNeumann", ED25519, seed)
    published = vector("neumann.note")
    assert signer.vkey == vkey("neumann.vkey")
    text = Note.parse(published).text
    assert Note(text, (sign(text, signer),)).encode() == published


def test_a_text_may_have_empty_lines() -> None:
    """The last empty line ends the text, an earlier one belongs to it."""
    note = Note.parse(vector("poem.note"))
    assert note.text.count(b"\n\n") == 1
    assert note.text.endswith("ed è subito sera.\n".encode())
    assert note.signatures[0].name == "quasimodo.example/salvatore"
    assert note.encode() == vector("poem.note")


def test_the_published_cosignature_is_read_as_printed() -> None:
    """The specification's witness line holds the time its message shows."""
    note = Note.parse(vector("cosigned.note"))
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == (
        "example.com/behind-the-sofa",
        20852163,
    )
    assert checkpoint.text == note.text == Note.parse(vector("checkpoint.note")).text
    line = note.signatures[1]
    time = int.from_bytes(line.signature[:8], "big")
    assert len(line.signature) == 8 + 64
    assert cosigned_message(note.text, time) == vector("cosigned.message")


def test_the_published_checkpoint_is_bound_to_its_true_origin() -> None:
    """The example's signature is real under another origin, so here it must fail."""
    key = Verifier.parse(vkey("sumdb.vkey"), ED25519)
    renamed = Note.parse(vector("checkpoint.note"))
    line = SignatureLine(key.name, key.id, renamed.signatures[0].signature)
    with pytest.raises(SignatureInvalid):
        verify_line(renamed.text, line, key)
    assert verify_line(Note.parse(vector("sumdb.note")).text, line, key) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+53 0d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=",
        "example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_a_misspelled_key_is_refused(text: str) -> None:
    """A verifier key has one spelling, one type and its own id."""
    with pytest.raises(NoteError):
        Verifier.parse(text, ED25519)


def test_a_key_of_small_order_is_refused() -> None:
    """A key with which every message verifies is not a key."""
    with pytest.raises(NoteError):
        Verifier("evil.example", ED25519, b"\x01" + bytes(31))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\tb"])
def test_a_bad_key_name_is_refused(name: str) -> None:
    """Key names hold no space of any script, no plus and no control."""
    with pytest.raises(NoteError):
        Signer(name, ED25519, bytes(32))


def test_a_signer_shows_no_seed() -> None:
    """Printing a signer gives nothing of its key away."""
    signer = Signer("a", ED25519, b"canary-seed-canary-seed-canary-s")
    assert "canary" not in f"{signer!r}{signer}{vars(signer)}"


GOOD = note_of(LOG_LINE).decode()
BLOB = enbase64(LOG_LINE.key_id + LOG_LINE.signature)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "\n\n",
        CHECKPOINT.text.decode(),
        GOOD.removesuffix("\n"),
        GOOD + "\n",
        GOOD + "— \n",
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("— ", "- "),
        GOOD.replace("— ", "—"),
        GOOD.replace("— ", "—  "),
        GOOD.replace(BLOB, " " + BLOB),
        GOOD.replace(BLOB, BLOB + " "),
        GOOD.replace(BLOB, BLOB.rstrip("=")),
        GOOD.replace(BLOB, BLOB + "="),
        GOOD.replace(BLOB, BLOB.replace("A", "-", 1)),
        GOOD.replace(BLOB, "AAAA"),
        GOOD.replace(BLOB, ""),
        GOOD.replace("\n", "\r\n"),
        "\t" + GOOD,
        GOOD + LOG_LINE.encode().decode() * MAX_SIGNATURES,
        "x" * 1_000_000 + GOOD,
    ],
)
def test_a_misspelled_note_is_refused(data: str) -> None:
    """Whatever differs from the one spelling of a note is not a note."""
    with pytest.raises(NoteError):
        Note.parse(data.encode())


def test_a_note_that_is_not_utf8_is_refused() -> None:
    """Stray bytes are not repaired."""
    with pytest.raises(NoteError):
        Note.parse(b"\xff" + GOOD.encode())


def test_stray_bits_in_base64_are_refused() -> None:
    """Two spellings that decode alike are not both accepted."""
    blob = SignatureLine("a", b"\0\0\0\0", b"s" * 3)
    twin = blob.encode().decode().strip().replace("cw==", "cx==")
    assert base64.b64decode(twin.split()[-1]) == blob.key_id + blob.signature
    with pytest.raises(NoteError):
        SignatureLine.parse(twin)


@given(st.binary(max_size=200))
def test_what_is_accepted_encodes_back(data: bytes) -> None:
    """Parsing never accepts bytes that it would write otherwise."""
    for candidate in (data, b"a\n\n\xe2\x80\x94 n " + base64.b64encode(data) + b"\n"):
        try:
            note = Note.parse(candidate)
        except NoteError:
            continue
        assert note.encode() == candidate


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "\n1\nROOT\n",
        "o\n\nROOT\n",
        "o\n01\nROOT\n",
        "o\n+1\nROOT\n",
        "o\n1 \nROOT\n",
        "o\n1_0\nROOT\n",
        "o\n٣\nROOT\n",
        "o\n-1\nROOT\n",
        "o\n9223372036854775808\nROOT\n",
        "o\n0\nROOT\n",
        "o\n1\nROO\n",
        "o\n1\nROOT=\n",
        "o\n1\nROOT",
        "o\n1\nROOT\nextension\n",
        "o\n1\nROOT\n\n",
        "o\n1\nAAAA\n",
    ],
)
def test_a_misspelled_checkpoint_is_refused(text: str) -> None:
    """Sizes, roots and lines have one spelling, and there are no extension lines."""
    root = enbase64(b"r" * 32)
    with pytest.raises(NoteError):
        Checkpoint.parse(text.replace("ROOT", root).encode())
    assert Checkpoint.parse(f"o\n1\n{root}\n".encode()).size == 1
    assert Checkpoint.parse(f"o\n0\n{enbase64(EMPTY_ROOT)}\n".encode()).size == 0


def test_a_quorum_of_distinct_witnesses_opens_a_checkpoint() -> None:
    """Two witnesses are two; one witness twice is one."""
    both = note_of(LOG_LINE, line_of(0), line_of(2, 5))
    opened = open_checkpoint(both, LOG.vkey, VKEYS, 2, strict=True)
    assert opened.checkpoint == CHECKPOINT
    assert dict(opened.cosigned) == {
        "witness.example/0": 1_700_000_000,
        "witness.example/2": 5,
    }
    assert opened.log_note == note_of(LOG_LINE)
    twice = note_of(LOG_LINE, line_of(0), line_of(0, 9))
    with pytest.raises(QuorumMissed, match="1 of the 2"):
        open_checkpoint(twice, LOG.vkey, VKEYS, 2)


def test_a_bad_line_of_a_known_witness_spoils_the_note() -> None:
    """A cosignature that does not verify is never passed over, quorum or not."""
    good, other = line_of(0), line_of(1)
    lies = [
        SignatureLine(other.name, other.key_id, other.signature[:-1] + b"\0"),
        SignatureLine(other.name, other.key_id, bytes(8) + other.signature[8:]),
        SignatureLine(other.name, other.key_id, b"\xff" * 8 + other.signature[8:]),
        SignatureLine(other.name, other.key_id, other.signature[:-1]),
        SignatureLine(other.name, other.key_id, b"x"),
        SignatureLine(other.name, other.key_id, good.signature),
    ]
    for lie in lies:
        with pytest.raises(SignatureInvalid):
            open_checkpoint(note_of(LOG_LINE, good, lie), LOG.vkey, VKEYS, 1)
        with pytest.raises(SignatureInvalid):
            open_checkpoint(note_of(LOG_LINE, other, lie), LOG.vkey, VKEYS, 1)


def test_lines_of_strangers_are_skipped_or_refused() -> None:
    """An unknown key counts for nothing; strict reading wants it gone."""
    stranger = cosign(
        CHECKPOINT.text, Signer("witness.example/0", COSIGNATURE, b"x" * 32), 1
    )
    note = note_of(LOG_LINE, stranger, line_of(1))
    assert len(open_checkpoint(note, LOG.vkey, VKEYS, 1).cosigned) == 1
    with pytest.raises(QuorumMissed):
        open_checkpoint(note, LOG.vkey, VKEYS, 2)
    with pytest.raises(NoteError):
        open_checkpoint(note, LOG.vkey, VKEYS, 1, strict=True)
    with pytest.raises(NoteError):
        twice = note_of(LOG_LINE, line_of(1), line_of(1))
        open_checkpoint(twice, LOG.vkey, VKEYS, 1, strict=True)


def test_the_log_itself_must_have_signed() -> None:
    """Witnesses cannot stand in for the log, nor another log's key."""
    with pytest.raises(NoteError):
        open_checkpoint(note_of(line_of(0), line_of(1)), LOG.vkey, VKEYS, 1)
    forged = SignatureLine(LOG_LINE.name, LOG_LINE.key_id, bytes(64))
    with pytest.raises(SignatureInvalid):
        open_checkpoint(note_of(forged, line_of(0)), LOG.vkey, VKEYS, 1)
    elsewhere = Checkpoint("other.example/log", 7, CHECKPOINT.root).text
    with pytest.raises(NoteError):
        open_checkpoint(note_of(sign(elsewhere, LOG), text=elsewhere), LOG.vkey)
    with pytest.raises(NoteError):
        sign_checkpoint(Checkpoint("other.example/log", 7, CHECKPOINT.root), LOG)


def test_keys_that_would_count_twice_are_refused() -> None:
    """One key under two names, a repeated witness, or the log's own key: no quorum."""
    alias = Signer("witness.example/alias", COSIGNATURE, bytes([1] * 32)).vkey
    own = Signer("witness.example/own", COSIGNATURE, bytes(32)).vkey
    note = note_of(LOG_LINE, line_of(0))
    for vkeys in ([*VKEYS, alias], [*VKEYS, VKEYS[0]], [*VKEYS, own], [LOG.vkey]):
        with pytest.raises(NoteError):
            open_checkpoint(note, LOG.vkey, vkeys, 1)
    assert len(open_checkpoint(note, LOG.vkey, VKEYS, 1).cosigned) == 1


def test_keys_sign_only_what_their_type_says() -> None:
    """A log key makes no cosignature, a witness key no plain line."""
    with pytest.raises(NoteError):
        cosign(CHECKPOINT.text, LOG, 1)
    with pytest.raises(NoteError):
        sign(CHECKPOINT.text, WITNESSES[0])
    with pytest.raises(NoteError):
        line_of(0, 2**63)
    assert line_of(0, 2**63 - 1).signature[:8] == b"\x7f" + b"\xff" * 7
