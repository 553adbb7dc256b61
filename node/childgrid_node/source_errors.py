"""Errors of an agency's own tables: how they are mapped, read and asked about.

    SourceError
    ├── MappingError      the TOML that maps a source is wrong
    ├── RegisterError     the source cannot be opened or read
    │   ├── SourceAway    it can't be read now, and may be there later
    │   │   └── SourceUnreached  there is not even a connection, or the file
    │   └── AmbiguousKey  one key names several rows
    └── FieldError        a query or row names a grid field that does not exist

Messages name files, settings, columns and row numbers, and say what to do next.
They never hold a value of a row, a query or a password.
"""

from __future__ import annotations


class SourceError(Exception):
    """Base of every error about an agency's own source."""


class MappingError(SourceError):
    """The mapping file is wrong; the message names file, key and what is allowed."""


class RegisterError(SourceError):
    """The source cannot be opened or read; the message says what the reader can do."""


class SourceAway(RegisterError):
    """Nothing is known to be wrong with the source but that it can't be reached now."""


class SourceUnreached(SourceAway):
    """It is away as a whole, whichever of its rows is asked for."""


class AmbiguousKey(RegisterError):
    """One key names more than one row, so no row may be disclosed under it."""


class FieldError(SourceError):
    """A grid field was named that does not exist; the message lists those that do."""
