"""Random linkage schemas of all versions, and cells that fit them."""

from __future__ import annotations

import base64
import datetime as dt
import random
from typing import Any

Document = dict[str, Any]

WORDS = {
    "Latin": ["Sunita Devi", "Md. Aslam", "D'Souza", "ÉLODIE", "x", "von der Leyen"],
    "Devanagari": ["सुनीता देवी", "क़ासिम", "क\u093cासिम", "राजेश"],
    "Bengali": ["অনিতা দাস", "মোল্লা"],
    "Gurmukhi": ["ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "ਕੌਰ"],
    "Gujarati": ["હસમુખ પટેલ", "શાહ"],
    "Odia": ["ପ୍ରତିମା ଦାସ", "ସାହୁ"],
    "Tamil": ["முருகன்", "செல்வி"],
    "Telugu": ["వెంకటేశ్వర రావు", "రెడ్డి"],
    "Kannada": ["ಮಂಜುನಾಥ ಗೌಡ", "ಶೆಟ್ಟಿ"],
    "Malayalam": ["ഉണ്ണിക്കൃഷ്ണൻ", "നായർ"],
    "Urdu": ["محمد اسلم", "فاطمہ بی‌بی"],
    "beyond the BMP": ["𑀅𑀰𑁄𑀓 𝒜", "👩‍👧"],
}
SCRIPTS = tuple(WORDS)
LAYOUTS = ("%Y-%m-%d", "%d/%m/%Y", "%d%m%Y", "%d %b %Y", "%y%m%d", "%m.%Y", "%Y:%j")
PATTERN = r"-?[0-9]{1,6}(\.[0-9]{1,4})?"


def document(rng: random.Random) -> Document:
    """A valid linkage schema of a random version."""
    version = rng.choice([1, 2, 3, 3])
    blake = rng.random() < 0.7
    features = [
        ignored(at) if at and rng.random() < 0.1 else feature(rng, version, at, blake)
        for at in range(rng.randint(1, 7))
    ]
    config: Document = {
        "l": rng.choice([128, 512, 1024, 2048] if blake else [9, 100, 1000, 2011]),
        "kdf": kdf(rng, blake),
    }
    if rng.random() < 0.5:
        config[rng.choice(["xorFolds", "xor_folds"])] = rng.randint(0, 3)
    if version == 1:
        config |= {"k": rng.randint(3, 35), "hash": hash_(rng, blake)}
    return {"version": version, "clkConfig": config, "features": features}


def ignored(at: int) -> Document:
    """A column that is skipped."""
    return {"identifier": f"ignored {at}", "ignored": True}


def kdf(rng: random.Random, blake: bool) -> Document:
    """Key derivation with any of its parameters."""
    made: Document = {"type": "HKDF"}
    if rng.random() < 0.5:
        made["hash"] = rng.choice(["SHA256", "SHA512"])
    for name in ("salt", "info"):
        if rng.random() < 0.5:
            octets = rng.randbytes(rng.randint(0, 40))
            made[name] = base64.b64encode(octets).decode()
    if rng.random() < 0.5:
        made["keySize"] = rng.randint(1, 64 if blake else 150)
    return made


def hash_(rng: random.Random, blake: bool) -> Document:
    """A hash; double hashing works with every length."""
    if blake and rng.random() < 0.7:
        return {"type": "blakeHash"}
    made: Document = {"type": "doubleHash"}
    if rng.random() < 0.7:
        made["prevent_singularity"] = rng.random() < 0.7
    return made


def feature(rng: random.Random, version: int, at: int, blake: bool) -> Document:
    """A feature of any type, comparison, strategy and hash."""
    kind = format_(rng)
    hashing: Document = {}
    if version == 1:
        if rng.random() < 0.5:
            hashing["weight"] = rng.choice([0, 1, 0.5, 2, 1.3])
    else:
        hashing["strategy"] = strategy(rng, version)
        if not blake or rng.random() < 0.7:
            hashing["hash"] = hash_(rng, blake)
    if version == 3:
        hashing["comparison"] = comparison(rng, kind)
    else:
        hashing["ngram"] = rng.randint(1, 4)
        if rng.random() < 0.5:
            hashing["positional"] = rng.random() < 0.7
    if rng.random() < 0.4:
        hashing["missingValue"] = {"sentinel": rng.choice(["", "N/A", "अज्ञात"])}
        if rng.random() < 0.6:
            hashing["missingValue"]["replaceWith"] = rng.choice(["", "0", "19000101"])
    return {"identifier": f"field {at}", "format": kind, "hashing": hashing}


def format_(rng: random.Random) -> Document:
    """A format of any type."""
    kind = rng.choice(["string", "string", "string", "integer", "date", "enum"])
    made: Document = {"type": kind}
    if kind == "string":
        if rng.random() < 0.6:
            made["encoding"] = rng.choice(["ascii", "utf-8", "utf-16", "utf-32"])
        if rng.random() < 0.25:
            made["pattern"] = PATTERN
        else:
            made |= rng.choice([{}, {"case": "upper"}, {"case": "lower"}])
            made |= rng.choice([{}, {}, {"minLength": 2, "maxLength": 14}])
    elif kind == "integer" and rng.random() < 0.5:
        made |= {"minimum": -500, "maximum": 10**12}
    elif kind == "date":
        made["format"] = rng.choice(LAYOUTS)
    elif kind == "enum":
        made["values"] = ["M", "F", "पुरुष", ""]
    return made


def strategy(rng: random.Random, version: int) -> Document:
    """Bits for each token or for each feature, sometimes fewer than tokens."""
    token, whole = (
        ("k", "numBits") if version == 2 else ("bitsPerToken", "bitsPerFeature")
    )
    if rng.random() < 0.5:
        return {token: rng.choice([1, 7, 15, 32, 33, 70])}
    return {whole: rng.choice([1, 5, 64, 100, 200, 333])}


def comparison(rng: random.Random, kind: Document) -> Document:
    """A comparison; numeric only where every cell is a number."""
    numeric = kind["type"] in ("integer", "date") or "pattern" in kind
    choice = rng.choice(["ngram", "ngram", "exact", "numeric" if numeric else "ngram"])
    made: Document = {"type": choice}
    if choice == "ngram":
        made["n"] = rng.choice([1, 2, 2, 3, 4, 5, 8, 9])
        if rng.random() < 0.6:
            made["positional"] = rng.random() < 0.7
    elif choice == "numeric":
        made |= {
            "thresholdDistance": rng.choice([1, 3, 10, 0.7, 12.5]),
            "resolution": rng.randint(1, 6),
            "fractional_precision": rng.randint(0, 3),
        }
    return made


def rows(rng: random.Random, made: Document, count: int) -> list[list[str]]:
    """Rows of valid cells, in which cells recur."""
    columns = []
    for one in made["features"]:
        pool = [cell(rng, one) for _ in range(max(3, count // 2))]
        columns.append([rng.choice(pool) for _ in range(count)])
    return [list(row) for row in zip(*columns, strict=True)]


def cell(rng: random.Random, one: Document) -> str:
    """A cell that fits a feature, or its missing value."""
    if one.get("ignored"):
        return rng.choice(["", "anything", "कुछ भी"])
    missing = one["hashing"].get("missingValue")
    if missing and rng.random() < 0.2 and replaceable(one):
        return str(missing["sentinel"])
    kind = one["format"]
    if kind["type"] == "integer":
        return integer(rng, kind)
    if kind["type"] == "date":
        return date(rng, kind["format"])
    if kind["type"] == "enum":
        return str(rng.choice(kind["values"]))
    return text(rng, kind)


def replaceable(one: Document) -> bool:
    """Whether what stands in for the sentinel can be compared and encoded."""
    missing = one["hashing"]["missingValue"]
    stands = str(missing.get("replaceWith", missing["sentinel"]))
    if one["hashing"].get("comparison", {}).get("type") == "numeric":
        return stands.isascii() and stands != "N/A"
    return stands.isascii() or one["format"].get("encoding") != "ascii"


def integer(rng: random.Random, kind: Document) -> str:
    """An integer in one of the spellings that Python reads."""
    value = rng.choice([rng.randint(-500, 3000), rng.randint(0, 10**12)])
    spelt = rng.choice([f"{value}", f" {value}", f"{value} ", f"{value:+d}"])
    if value >= 0:
        devanagari = "".join(chr(0x0966 + int(digit)) for digit in str(value))
        spelt = rng.choice([spelt, f"000{value}", devanagari])
    return spelt


def date(rng: random.Random, layout: str) -> str:
    """A date as its layout writes it, sometimes without zeros or long ago."""
    first = dt.date(1 if "%Y" in layout and rng.random() < 0.1 else 1969, 1, 1)
    day = first + dt.timedelta(rng.randint(0, 20_000))
    written = day.strftime(layout.replace("%Y", f"{day.year:04d}"))
    if layout == "%d/%m/%Y" and rng.random() < 0.3:
        return f"{day.day}/{day.month}/{day.year:04d}"
    return written


def text(rng: random.Random, kind: Document) -> str:
    """A string in any script that its encoding has."""
    if "pattern" in kind:
        return rng.choice([f"{rng.randint(-999, 9999)}", f"{rng.random() * 99:.3f}"])
    ascii_only = kind.get("encoding") == "ascii"
    script = "Latin" if ascii_only else rng.choice(SCRIPTS)
    found = " ".join(rng.choice(WORDS[script]) for _ in range(rng.randint(1, 2)))
    found = "".join(rng.choice([char, char, char, "é ", "a"]) for char in found)
    if ascii_only:
        found = found.encode("ascii", "replace").decode()
    if kind.get("case"):
        found = found.upper() if kind["case"] == "upper" else found.lower()
    if "maxLength" in kind:
        return (found + "..")[: rng.randint(2, kind["maxLength"])]
    return rng.choice([found, found, found, found, ""])
