"""The revisions of the table beside the coordinator's log (`journal`)."""
