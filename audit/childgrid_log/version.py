"""Which schemas of the log and of a witness's memory this release works with."""

from childgrid_wire.stamp import Version

LOG = Version("log_version", ("0001",))
WITNESS = Version("log_version", ("0001",))
