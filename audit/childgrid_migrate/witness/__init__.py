"""The revisions of a witness's memory, `childgrid_log.witness`."""
