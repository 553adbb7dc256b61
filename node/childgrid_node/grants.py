"""What a granted column means to the grid, so that sources can be laid side by side.

A holder names what it grants in its own words; its mapping knows which of the grid's
fields a column is. That word, and nothing of any other column, goes with a disclosed
value: `birth_date` beside a label `dob`, `event` beside the day of an FIR.
"""

from __future__ import annotations

from collections.abc import Sequence

from childgrid_node.mapping import Aged, Mapping, Typed


def meanings(mapping: Mapping, columns: Sequence[str]) -> list[str]:
    """For each column its grid field, `age_as_of`, `identifier_type`, `event` or ``."""
    known = {} if mapping.event is None else {mapping.event: "event"}
    for field, source in mapping.fields.items():
        for column in source.names:
            known.setdefault(column, field)
        if isinstance(source, Aged) and source.as_of:
            known[source.as_of] = _dated(known[source.as_of], field)
        if isinstance(source, Typed):
            known[source.type] = "identifier_type"
    return [known.get(column, "") for column in columns]


def _dated(known: str, field: str) -> str:
    """The day on which an age was true; an event stays one."""
    return known if known != field else f"{field}_as_of"
