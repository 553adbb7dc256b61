"""Spelling classes: one folded form for the ways clerks write one sound.

`fold` joins spellings that differ by habit (Laxmi, Lakshmi), `skeleton` keeps only the
consonants, `grams` cuts a word into overlapping pieces. All are pure and know nothing
of names or places.
"""

from __future__ import annotations

import re

from .lexicon import table

_RULES = [(re.compile(r["from"]), r["to"]) for r in table("spelling")["fold"]]
_REPEATS = "\\1"
# What no rule would change is told by one search; rules that refer back are apart.
_ANY = re.compile(
    "|".join(
        f"(?:{rule.pattern})" for rule, _ in _RULES if _REPEATS not in rule.pattern
    )
)
_INITIAL = str.maketrans("eo", "iu")
_NASAL = re.compile("m(?=[^aeioum])")
_VOWEL = re.compile("[aeiou]+")
_TWICE = re.compile(r"(.)\1+")


def fold(word: str) -> str:
    """The folded form of a lower-case Latin `word`; folding it again changes nothing.

    >>> fold("lakshmi") == fold("laxmee") == "laksmi"
    True
    """
    before = ""
    while before != word and (_ANY.search(word) or _TWICE.search(word)):
        before = word
        word = _fold_once(word)
    return word


def _fold_once(word: str) -> str:
    for pattern, replacement in _RULES:
        word = pattern.sub(replacement, word)
    # "ch" stands as one letter while the rules run and has nothing to collide with.
    return word.replace("C", "ch")


def skeleton(folded: str) -> str:
    """The consonants of a folded word after its first letter, v and b as one.

    >>> skeleton("vikas") == skeleton("bikas") == "bks"
    True
    """
    head = folded[:1].translate(_INITIAL)
    tail = _VOWEL.sub("", _NASAL.sub("n", folded[1:]))
    return _TWICE.sub(r"\1", (head + tail).replace("v", "b"))


def grams(word: str, size: int) -> list[str]:
    """The overlapping pieces of `size` letters of `word`, padded by one "_" each side.

    >>> grams("ram", 2)
    ['_r', 'ra', 'am', 'm_']
    """
    padded = f"_{word}_"
    return [padded[i : i + size] for i in range(max(1, len(padded) - size + 1))]
