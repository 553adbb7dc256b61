"""Bringing a database from one release's schema to another's, forward and back.

`chain` finds a chain's revisions and moves along them by Alembic, `picture` says what a
schema looks like, `base` opens a database so that nobody else is in it, `moving` does
it all in one transaction, and `command` is the `migrate` of every program.

The revisions of the log and of a witness's memory stand here, since every party has
one; those of other databases stand in the package whose tables they are.
"""
