"""Why the machine holds a record to be the person's: its evidence as a waterfall.

For the holder's custodian only. Each field is a step, the strongest first; one point
doubles the odds. A field that is missing on one side is no step: it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from childgrid_page.charts import Waterfall, waterfall
from childgrid_portal.web.words import N_

MILLINATS = 693.147
"""Of one point: a factor of two."""

_CAPTION = N_("What speaks for record %(record)s and what against")
_HEAD = (N_("Field"), N_("What the machine found"), N_("Points"))
_SUM = N_("Together, uncorrected")


@pass_context
def evidence(context: Context, explained: Mapping[str, Any]) -> Waterfall:
    """Lay out an explanation in the language of the page; for templates."""

    def say(text: str, **places: str) -> str:
        return str(context.call(context["gettext"], text, **places))

    def term(kind: str, code: str) -> str:
        return str(context.call(context["term"], kind, code))

    told = [one for one in explained["fields"] if one["verdict"] != "absent"]
    rows = [
        (term("ground", one["field"]), term("verdict", one["verdict"]), points(one))
        for one in sorted(told, key=lambda one: -abs(one["weight"]))
    ]
    head = (say(_HEAD[0]), say(_HEAD[1]), say(_HEAD[2]))
    caption = say(_CAPTION, record=explained["record"])
    return waterfall(caption, head, rows, say(_SUM))


def points(entry: Mapping[str, Any]) -> float:
    """A field's weight in points."""
    return float(entry["weight"]) / MILLINATS
