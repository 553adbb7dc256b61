"""Spelling classes: one folded form for the ways clerks write one sound.

`fold` joins spellings that differ by habit (Laxmi, Lakshmi), `skeleton` keeps only the
consonants, `grams` cuts a word into overlapping pieces. All are pure and know nothing
of names or places.
"""

from __future__ import annotations

import re

from .lexicon import table

_Rules = list[tuple[re.Pattern[str], str]]
_REPEATS = "\\1"


def _rules(*, names: bool, last: bool = True) -> tuple[_Rules, re.Pattern[str]]:
    """Rules in their order, and one search that tells whether any may change a word."""
    chosen = [
        rule
        for rule in table("spelling")["fold"]
        if (names or rule.get("of") != "names") and (last or not rule.get("last"))
    ]
    rules = [(re.compile(rule["from"]), rule["to"]) for rule in chosen]
    # A rule that refers back cannot stand in the search: doubled letters are asked for
    # apart, and the a between two syllables with a form that finds too much.
    found = (r.pattern for r, _ in rules if _REPEATS not in r.pattern)
    loose = ["[aeiou][^aeiou]a[^aeiou][aeiou]"] if names and last else []
    return rules, re.compile("|".join(f"(?:{one})" for one in (*found, *loose)))


_ALL, _PLACES = _rules(names=True), _rules(names=False)
_SOFT = _rules(names=True, last=False)
_INITIAL = str.maketrans("eo", "iu")
_NASAL = re.compile("m(?=[^aeioum])")
_VOWEL = re.compile("[aeiou]+")
_TWICE = re.compile(r"(.)\1+")


def fold(word: str) -> str:
    """The folded form of a lower-case Latin `word`; folding it again changes nothing.

    >>> fold("lakshmi") == fold("laxmee") == "laksmi"
    True
    """
    return _settle(word, *_ALL)


def fold_place(word: str) -> str:
    """`fold` for a place, where v and b tell more and clerks write from one list.

    >>> fold_place("vihar"), fold_place("bihar"), fold("vikas")
    ('vihar', 'bihar', 'bikas')
    """
    return _settle(word, *_PLACES)


def soften(word: str) -> str:
    """`fold` without the rules on a word's end and rhythm, to look for suffixes in.

    >>> soften("kamalakumari"), fold("kamalakumari")
    ('kamalakumari', 'kamlakumri')
    """
    return _settle(word, *_SOFT)


def _settle(word: str, rules: _Rules, some: re.Pattern[str]) -> str:
    before = ""
    while before != word and (some.search(word) or _TWICE.search(word)):
        before = word
        for pattern, replacement in rules:
            word = pattern.sub(replacement, word)
        # "ch" stands as one letter meanwhile and has nothing to collide with.
        word = word.replace("C", "ch")
    return word


def skeleton(folded: str) -> str:
    """The consonants of a folded word after its first letter, v and b as one.

    >>> skeleton("bikas"), skeleton("amjad")
    ('bks', 'anjd')
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
