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


def _rules(*, names: bool, last: bool) -> _Rules:
    """The rules for names or for places, of a word's end or all others, in order."""
    return [
        (re.compile(rule["from"]), rule["to"])
        for rule in table("spelling")["fold"]
        if (names or rule.get("of") != "names") and rule.get("last", False) == last
    ]


def _any(rules: _Rules) -> re.Pattern[str]:
    """One search that tells whether any rule may change a word.

    A rule that refers back cannot stand in it: doubled letters are asked for apart.
    """
    found = (r.pattern for r, _ in rules if _REPEATS not in r.pattern)
    return re.compile("|".join(f"(?:{one})" for one in found))


_SOFT, _SOFT_PLACES = _rules(names=True, last=False), _rules(names=False, last=False)
_LAST, _LAST_PLACES = _rules(names=True, last=True), _rules(names=False, last=True)
# The first rules are about digits and signs, which few words have.
_DIGIT_RULES = sum("0-9" in r.pattern or r.pattern.isdigit() for r, _ in _SOFT)
_ANY, _ANY_PLACES = _any(_SOFT), _any(_SOFT_PLACES)
_INITIAL = str.maketrans("eo", "iu")
_NASAL = re.compile("m(?=[^aeioum])")
_VOWEL = re.compile("[aeiou]+")
_TWICE = re.compile(r"(.)\1+")


def fold(word: str) -> str:
    """The folded form of a lower-case Latin `word`; folding it again changes nothing.

    >>> fold("lakshmi") == fold("laxmee") == "laksmi"
    True
    """
    return finish(soften(word))


def fold_place(word: str) -> str:
    """`fold` for a place, where v and b tell more and clerks write from one list.

    >>> fold_place("vihar"), fold_place("bihar"), fold("vikas")
    ('vihar', 'bihar', 'bikas')
    """
    return _finish(_soften(word, _SOFT_PLACES, _ANY_PLACES), _LAST_PLACES)


def soften(word: str) -> str:
    """`fold` without the rules on a word's end and rhythm, to look for suffixes in.

    >>> soften("kamalakumari"), fold("kamalakumari")
    ('kamalakumari', 'kamlakumri')
    """
    return _soften(word, _SOFT, _ANY)


def finish(soft: str) -> str:
    """What `fold` makes of a word that `soften` has been through."""
    return _finish(soft, _LAST)


def _finish(soft: str, last: _Rules) -> str:
    before = ""
    while before != soft:
        before = soft
        for pattern, replacement in last:
            soft = pattern.sub(replacement, soft)
        if soft != before:
            soft = (
                _soften(soft, _SOFT, _ANY)
                if last is _LAST
                else _soften(soft, _SOFT_PLACES, _ANY_PLACES)
            )
    return soft


def _soften(word: str, rules: _Rules, some: re.Pattern[str]) -> str:
    if word.isalpha():
        rules = rules[_DIGIT_RULES:]
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
