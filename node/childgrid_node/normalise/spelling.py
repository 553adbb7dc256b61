"""Spelling classes: one folded form for the ways clerks write one sound.

`fold` joins spellings that differ by habit (Laxmi, Lakshmi), `skeleton` keeps only the
consonants, `grams` cuts a word into overlapping pieces. All are pure and know nothing
of names or places.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter

from .lexicon import table

_Made = str | Callable[[re.Match[str]], str]
_Rule = tuple[tuple[str, ...], re.Pattern[str], _Made]
"""What a word must hold some of for the rule to change it, from what, and to what."""

_EVERY = ("",)
GROUP: Callable[[re.Match[str]], str] = itemgetter(1)
"""A pattern's first group: the template of it is looked up anew in every word."""


def _made(to: str) -> _Made:
    return GROUP if to == "\\1" else to


def _rules(*, names: bool, last: bool) -> list[_Rule]:
    """The rules for names or for places, of a word's end or all others, in order."""
    return [
        (tuple(rule.get("needs", _EVERY)), re.compile(rule["from"]), _made(rule["to"]))
        for rule in table("spelling")["fold"]
        if (names or rule.get("of") != "names") and rule.get("last", False) == last
    ]


_SOFT, _SOFT_PLACES = _rules(names=True, last=False), _rules(names=False, last=False)
_LAST, _LAST_PLACES = _rules(names=True, last=True), _rules(names=False, last=True)
# The first rules are about digits and signs, which few words have.
_DIGIT_RULES = sum("0-9" in r.pattern or r.pattern.isdigit() for _, r, _ in _SOFT)
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
    return _finish(_soften(word, _SOFT_PLACES), _SOFT_PLACES, _LAST_PLACES)


def soften(word: str) -> str:
    """`fold` without the rules on a word's end and rhythm, to look for suffixes in.

    >>> soften("kamalakumari"), fold("kamalakumari")
    ('kamalakumari', 'kamlakumri')
    """
    return _soften(word, _SOFT)


def finish(soft: str) -> str:
    """What `fold` makes of a word that `soften` has been through."""
    return _finish(soft, _SOFT, _LAST)


def _finish(soft: str, others: list[_Rule], last: list[_Rule]) -> str:
    before = ""
    while before != soft:
        before = soft
        soft = _applied(soft, last)
        if soft != before:
            soft = _soften(soft, others)
    return soft


def _soften(word: str, rules: list[_Rule]) -> str:
    if word.isalpha():
        rules = rules[_DIGIT_RULES:]
    before = ""
    while before != word:
        before = word
        # "ch" stands as one letter meanwhile and has nothing to collide with.
        word = _applied(word, rules).replace("C", "ch")
    return word


def _applied(word: str, rules: list[_Rule]) -> str:
    """A word after each of some rules in turn."""
    for needs, pattern, replacement in rules:
        for need in needs:
            if need in word:
                word = pattern.sub(replacement, word)
                break
    return word


def skeleton(folded: str) -> str:
    """The consonants of a folded word after its first letter, v and b as one.

    >>> skeleton("bikas"), skeleton("amjad")
    ('bks', 'anjd')
    """
    head = folded[:1].translate(_INITIAL)
    tail = _VOWEL.sub("", _NASAL.sub("n", folded[1:]))
    return _TWICE.sub(GROUP, (head + tail).replace("v", "b"))


def grams(word: str, size: int) -> list[str]:
    """The overlapping pieces of `size` letters of `word`, padded by one "_" each side.

    >>> grams("ram", 2)
    ['_r', 'ra', 'am', 'm_']
    """
    padded = f"_{word}_"
    return [padded[i : i + size] for i in range(max(1, len(padded) - size + 1))]
