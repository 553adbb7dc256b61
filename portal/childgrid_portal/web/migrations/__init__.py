"""The revisions of the portal's accounts (`accounts`)."""
