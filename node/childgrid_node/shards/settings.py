"""The settings of a register in parts: the table `[shards]` of a node's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from childgrid_wire import settings


class ShardsConfig(BaseModel):
    """In how many parts, and how their processes know each other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=1, le=1024)]
    """In how many parts each register is kept. Another number takes a new
    `childgrid-node index`."""

    certificate: Path
    """PEM certificate by which Ray's processes on this machine know each other and
    those on other hosts. It must name this machine's address. There is no way to run
    without TLS."""

    key: Path
    """Its private key; mode 600."""

    authority: Path
    """PEM certificate of the authority that signs for these hosts and for nobody
    else. DANGER: whoever it signs for, and who has the token, runs any program on any
    of the hosts."""

    token_file: Path
    """File of mode 600 with the cluster's token, at least 32 characters; the same on
    every host. There is no way to run without one."""

    address: Annotated[
        str, Field(pattern=rf"^$|^[A-Za-z0-9.-]{{1,253}}:{settings.PORT}$")
    ] = ""
    """host:port of a Ray cluster of the agency's own, which runs on this machine too.
    Where it is empty the node starts one, on loopback, and ends it with itself."""

    resource: Annotated[str, Field(pattern=r"^$|^[a-z][a-z0-9-]{0,30}$")] = ""
    """The resource that hosts for parts declare to Ray (1 of it). Where it is empty,
    parts are spread over all hosts, this one included."""

    cores: Annotated[int, Field(ge=1, le=256)] = 1
    """How many processors search one part."""

    store_bytes: Annotated[int, Field(ge=80_000_000, le=2**36)] = 100_000_000
    """Ray's shared memory, in bytes, of a cluster that the node starts. Messages pass
    through it; rows don't."""

    wait_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    """How long a query waits for a part, in seconds. What has not answered then counts
    as away, and nothing is answered."""

    def anchored(self, base: Path) -> ShardsConfig:
        """The same, with paths that start at `base`."""
        names = ("certificate", "key", "authority", "token_file")
        return self.model_copy(update={one: base / getattr(self, one) for one in names})
