"""What can go wrong with a record-level exchange.

    ClkError              base; never raised itself
    ├── SchemaInvalid     the linkage schema breaks a rule; names the key
    ├── SecretInvalid     the shared secret cannot be used
    ├── TableInvalid      columns or files that do not fit the schema
    └── ClksInvalid       a file of CLKs cannot be searched

A bad cell is no error: it is a fault, counted by field and kind. Messages name keys,
fields, columns and row numbers. They never hold a cell, a token or a key.
"""

from __future__ import annotations


class ClkError(Exception):
    """Base of this tree; never raised itself."""


class SchemaInvalid(ClkError):
    """The linkage schema cannot be used as it stands.

    Attributes:
        key: the path of the key to mend, such as ``clkConfig/kdf/salt``.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"linkage schema: {key}: {reason}")
        self.key = key


class SecretInvalid(ClkError):
    """The secret is empty or unreadable."""


class TableInvalid(ClkError):
    """The columns are not those of the schema, or a file cannot be read."""


class ClksInvalid(ClkError):
    """A file of CLKs cannot be read, or its CLKs cannot be compared."""
