"""The revisions of the coordinator's two databases, and its `migrate`."""
