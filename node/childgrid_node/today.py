"""The row behind a hit as its register has it today, if it may still be shown.

Days lie between a search and a release. Whatever keeps a row out of the index now keeps
it from being released, and so does a register that is one of other people now. A
register that can't be read at the moment says nothing: its records wait, and nobody
else's do, nor for each of them as long as a host takes that does not answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from childgrid_node import guard, outcomes
from childgrid_node.holdings import Hit
from childgrid_node.indexer import Source
from childgrid_node.office import Office
from childgrid_node.source_errors import AmbiguousKey, SourceError, SourceUnreached
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused


def reread(
    office: Office, registers: Mapping[str, Source], hit: Hit, away: set[str]
) -> tuple[Source, Mapping[str, str]]:
    """The source of a hit, and its row's mapped columns as they are now.

    `away` are the sources that are known not to be there; one found so is added.

    Raises:
        Refused: `changed`, for good.
        SourceUnreached: the source is not there; try later.
        ConfigurationRefused: the source can't be read; try later.
    """
    source = registers.get(hit.source)
    if source is None or source.mapping.category != hit.category:
        # It was asked for and approved under the rules of the other category.
        raise Refused(Reason.CHANGED, "the source is gone, or of another category")
    if hit.key in outcomes.cleared(office.journal, hit.source):
        raise Refused(Reason.CHANGED, "a custodian took the row out")
    try:
        if hit.source in away:
            raise SourceUnreached(hit.source)
        row = source.register.reread(hit.key)
    except SourceUnreached:
        away.add(hit.source)
        raise
    except AmbiguousKey as error:
        raise Refused(Reason.CHANGED, "its key names several rows") from error
    except SourceError as error:
        raise ConfigurationRefused("a source that can't be read") from error
    if row is None:
        raise Refused(Reason.CHANGED, "the row is gone")
    today = dt.datetime.fromtimestamp(office.now, dt.UTC).date()
    if not guard.judge(row.values, source.mapping, today).admitted:
        raise Refused(Reason.CHANGED, "the row is guarded now")
    return source, row.values
