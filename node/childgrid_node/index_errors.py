"""What can go wrong with a scheme, an encoding or an index.

    IndexingError                 base; never raised itself
    ├── SchemeError               the scheme document is not one we can use
    ├── EncodingError             keys or tokens that cannot be encoded
    └── IndexFileError            an index that must not be searched
        ├── NotAnIndex            another kind of file, or another version of ours
        ├── Damaged               truncated, altered, or sealed under another index key
        ├── WrongScheme           written under another scheme
        ├── WrongEpoch            written under another key epoch
        ├── WrongLinkageKey       written under another linkage key
        ├── DuplicateSource       one source key twice in one register
        ├── ShardLost             a part of a register did not answer
        └── ShardLocked           a part of a register has no key yet

Messages say what to do next. They never hold a value, a token or a key.
"""

from __future__ import annotations


class IndexingError(Exception):
    """Base of this tree; never raised itself."""


class SchemeError(IndexingError):
    """The scheme document breaks a rule; get the signed one from the founders."""


class EncodingError(IndexingError):
    """The linkage key, the epoch or the tokens cannot be encoded as given."""


class IndexFileError(IndexingError):
    """The file cannot be searched; the message says how to get one that can."""


class NotAnIndex(IndexFileError):
    """The file is no index, or one of a format version that this code cannot read."""


class Damaged(IndexFileError):
    """The file is truncated or altered, or the index key is not the one it has."""


class WrongScheme(IndexFileError):
    """The index was written under another scheme."""


class WrongEpoch(IndexFileError):
    """The index was written under another key epoch."""


class WrongLinkageKey(IndexFileError):
    """The index was written under another linkage key."""


class DuplicateSource(IndexFileError):
    """Two rows of one register have the same source key."""


class ShardLost(IndexFileError):
    """A part of a register did not answer: its process ended, or its host is away."""


class ShardLocked(IndexFileError):
    """A part of a register has just begun and has not been handed its key."""
