"""The revisions of the coordinator's store (`store.tables`)."""
