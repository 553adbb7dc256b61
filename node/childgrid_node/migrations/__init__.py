"""The revisions of the tables of a node's journal (`journal.TABLES`)."""
