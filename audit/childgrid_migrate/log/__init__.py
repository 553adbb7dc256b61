"""The revisions of the log's own tables, `childgrid_log.schema`."""
