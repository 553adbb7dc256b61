"""The errors of the auditor's station, drawn:

    AuditError            never raised itself
    ├── ExportRefused     nothing was exported; says what to do first
    └── MirrorInUse       another process is writing this mirror

What a bundle or a log has wrong is no error but a `Finding`: verification goes on to
the end. Settings and keys raise the wire's `ConfigurationRefused`.
"""

from __future__ import annotations


class AuditError(Exception):
    """Base of this tree; never raised itself."""


class ExportRefused(AuditError):
    """Nothing was exported."""


class MirrorInUse(AuditError):
    """Another process is writing this mirror; wait until it has ended."""
