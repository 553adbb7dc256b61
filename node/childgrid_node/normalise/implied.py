"""The sex that a person's own names tell, where neither a register nor a title does.

By `tables/given.toml`: given names that one sex bears, words that only men or only
women add to theirs, and Singh behind a name that both bear. A name that nobody listed
tells nothing, and names that contradict each other tell nothing either. A man's name
tells a man only where it comes first: behind another it may be a father's or a
husband's.

What is told so is compared by itself, and only where no stated sex can be (`tokens`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from .lexicon import table
from .spelling import soften
from .words import DROPPED, GENERIC, Words, canonical, is_surname, latin_of

_SEXES = {"male": "m", "female": "f"}
_SINGH = soften("singh")
_SHORTEST = 2
"""Letters of a word that is no initial."""

_LONG, _STEM = 6, 2
"""Letters of a word whose ending tells something, and of what stands before it."""

_CLEAR = 5
"""Letters of a softened word that is taken for one of the table's words."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Sexes by word: `given` by softened names, `words` also by Latin letters.

    `later` are women's words behind another one; `shared` are softened endings of names
    that both bear, `exceptions` Latin words whose ending tells nothing.
    """

    given: dict[str, str]
    words: dict[str, str]
    later: frozenset[str]
    endings: dict[str, str]
    exceptions: frozenset[str]
    shared: tuple[str, ...]


@cache
def _table() -> _Table:
    """Read the table at the first name: a node that starts does not wait for it."""
    read = table("given")
    words = _telling({sex: map(_short, read[f"{sex}_words"]) for sex in _SEXES})
    soft = {soften(word): sex for word, sex in words.items()}
    clear = {word: sex for word, sex in soft.items() if len(word) >= _CLEAR}
    return _Table(
        _telling({sex: map(soften, read[sex]) for sex in _SEXES}),
        clear | words,
        frozenset(map(_short, read["female_later"])),
        _telling({sex: map(_short, read[f"{sex}_endings"]) for sex in _SEXES}),
        frozenset(map(_short, read["exceptions"])),
        tuple(map(soften, read["shared_with_singh"])),
    )


def _short(latin: str) -> str:
    """A Latin word without its vowels' length, which scripts write and clerks don't."""
    return latin.replace("aa", "a").replace("ee", "i").replace("oo", "u")


def _telling(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Sexes by word, without the words that would be both."""
    male, female = (dict.fromkeys(words[name], sex) for name, sex in _SEXES.items())
    return {w: s for w, s in (male | female).items() if (w in male) != (w in female)}


def sex(names: Iterable[Sequence[str]], words: Words) -> str:
    """What the cleaned words of a person's names tell, each name by itself."""
    told = {found for name in names if (found := of_name(name, words))}
    return told.pop() if len(told) == 1 else ""


def of_name(name: Sequence[str], words: Words) -> str:
    """`m`, `f`, or nothing: what the cleaned words of one name tell.

    >>> of_name(["gurpreet", "kaur"], Words()), of_name(["sunita", "ramesh"], Words())
    ('f', 'f')
    """
    hints = [hint for word in name if (hint := words.hint(word, _hint))]
    sure = {hint[0].lower() for at, hint in enumerate(hints) if hint in _SURE[at > 0]}
    if sure:
        return sure.pop() if len(sure) == 1 else ""
    given = [hint for hint in hints if hint != _SINGH]
    return _by_given(given, singh=_SINGH in hints) if given else ""


# What a word is: a given name ("m", "f", one that both bear, one that is not known), or
# one that only men or women add ("M", "F"; "Fl": a woman's where it is not the first).
_BOTH, _UNKNOWN, _LATER = "b", "?", "Fl"
_SURE = (("M", "F"), ("M", "F", _LATER))


def _by_given(given: Sequence[str], *, singh: bool) -> str:
    first, others = given[0], given[1:]
    if first == "m":
        return "" if "f" in others else "m"
    if first == _BOTH:
        return "m" if singh and "f" not in others else ""
    return "f" if first == "f" or ("f" in others and "m" not in others) else ""


def _hint(word: str) -> str:
    found, latin = _table(), latin_of(word)
    if word in DROPPED or latin in DROPPED or len(latin) < _SHORTEST:
        return ""
    soft, written = soften(latin), _short(latin)
    if written in found.later:
        return _LATER
    if told := found.words.get(written) or found.words.get(soft):
        return told.upper()
    if soft == _SINGH:
        return _SINGH
    if told := found.given.get(soft):
        return told
    folded = canonical(word)
    if folded in GENERIC or is_surname(folded):
        return ""
    return _by_ending(written, found) or (
        _BOTH if soft.endswith(found.shared) else _UNKNOWN
    )


def _by_ending(written: str, found: _Table) -> str:
    if len(written) < _LONG or written in found.exceptions:
        return ""
    ends = (written[at:] for at in range(_STEM, len(written) - _STEM))
    return next((found.endings[end] for end in ends if end in found.endings), "")
