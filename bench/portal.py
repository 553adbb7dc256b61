"""How heavy and quick the portal is: ``python -m bench.portal --sources N --json OUT``.

A profile of N disclosing sources of ten values each and as many that know nobody is
made up, read, rendered as the portal's page and drawn on paper. Times are the least of
the rounds, in processor time too, since a busy machine only adds to them.

Keys: `page_bytes` (without fonts and style sheets), `page_ms` and `page_cpu_ms` (from
the node's document to HTML), `paper_bytes`, `paper_first_cpu_s` (fonts are unpacked
then), `paper_s` and `paper_cpu_s`.

With ``--cases 10000`` every page is read over a journal of so many cases instead: by
page `bytes` of HTML, `loaded` (its style sheets and scripts), `ms` and `cpu_ms` at the
server, portal and node together, as medians of `ROUNDS`. With ``--officers 50`` beside
it so many officers walk through the pages at once: `errors`, `pages_s`, `median_ms` and
`p99_ms`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench import portal_load
from childgrid_page.engine import Pages
from childgrid_portal.profile import model, pdf
from childgrid_portal.profile.export import Mark
from childgrid_portal.web import reading, words
from childgrid_portal.web.site import TEMPLATES
from childgrid_portal.web.terms import SHARED

ROUNDS = 5
_NOW = 1_780_000_000
_CELLS = {
    "name": ("name", "NITYANANDA SARKHEL"),
    "dob": ("birth_date", "14.03.1986"),
    "father": ("relative", "HARADHAN SARKHEL"),
    "mobile": ("phone", "+91 93031 41598"),
    "address": ("address", "VILL KUMARDUBI, DIST PURULIYA, WEST BENGAL"),
    "passport": ("passport", "Y4182736"),
    "sex": ("sex", "M"),
    "local_name": ("alias", "नित्यानंद सरखेल"),
    "arrival": ("event", "02.11.2025"),
    "status": ("", "CHARGESHEETED"),
}


def document(sources: int) -> dict[str, Any]:
    """A node's profile document of so many disclosing sources and as many others."""
    return {
        "grid": "training",
        "notice": "a lead, not an identification; not grounds for arrest",
        "query": "ab" * 32,
        "purpose": "investigation",
        "sections": ["BNS:143"],
        "by": "police/si-rao",
        "issued": _NOW,
        "read_at": _NOW + 86_400,
        "suspect": {"name": ["Nityananda Sarkhel"], "phone": ["9303141598"]},
        "case_reference": "FIR 112/2026",
        "sources": [
            *(_source(f"agency-{place}", "hit") for place in range(sources)),
            *(_source(f"other-{place}", "none") for place in range(sources)),
        ],
        "not_asked": [],
    }


def _source(agency: str, answer: str) -> dict[str, Any]:
    return {
        "agency": agency,
        "answer": answer,
        "as_of": _NOW,
        "answered_at": _NOW + 60,
        "candidates": [],
        "requests": [_request(agency)] if answer == "hit" else [],
    }


def _request(agency: str) -> dict[str, Any]:
    return {
        "request": agency.encode().hex().ljust(64, "0"),
        "by": "police/si-rao",
        "issued": _NOW + 300,
        "handle": "00" * 16,
        "asked": list(_CELLS),
        "state": "disclosed",
        "reason": "",
        "refused_at": 0,
        "disclosure": agency.encode().hex().ljust(64, "1"),
        "disclosed_at": _NOW + 600,
        "row_as_of": _NOW,
        "granted": sorted(_CELLS),
        "record": {
            "category": "movement",
            "index_as_of": _NOW,
            "read_at": _NOW + 600,
            "fields": {label: [text] for label, (_, text) in _CELLS.items()},
            "meanings": {label: [field] for label, (field, _) in _CELLS.items()},
        },
    }


def measure(sources: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """All figures for one size."""
    given = document(sources)
    shared = {"service": "Portal", "training": True, "person": None, "links": []}
    pages = Pages(TEMPLATES, 19_800, {**shared, **SHARED}, words.languages())

    def page() -> str:
        return pages.render("profile.html", **reading.shown(model.read(given)))

    read = model.read(given)
    mark = Mark(read.grid, read.by, read.case, read.read_at, read.notice)
    paper = pages.render("profile_paper.html", mark=mark, **reading.shown(read))
    wall, cpu = _timed(page, rounds)
    _, first = _timed(lambda: pdf.draw(paper), 1)
    paper_wall, paper_cpu = _timed(lambda: pdf.draw(paper), 1)
    return {
        "sources": sources,
        "page_bytes": len(page().encode()),
        "page_ms": round(1_000 * wall, 1),
        "page_cpu_ms": round(1_000 * cpu, 1),
        "paper_bytes": len(pdf.draw(paper)),
        "paper_first_cpu_s": round(first, 2),
        "paper_s": round(paper_wall, 2),
        "paper_cpu_s": round(paper_cpu, 2),
    }


def over(cases: int, officers: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """All figures over a full store; of officers at once where there are any."""
    with portal_load.open_portal(cases) as (life, stage):
        found = {"cases": cases, "pages": portal_load.pages(life, stage, rounds)}
        if officers:
            found["at_once"] = portal_load.at_once(stage, officers)
    return found


def _timed(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The least seconds by the clock and by the processor."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(prog="bench.portal", description=__doc__)
    parser.add_argument("--sources", type=int, default=20)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--officers", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures: Mapping[str, Any] = (
        over(given.cases, given.officers) if given.cases else measure(given.sources)
    )
    text = json.dumps(figures, indent=1)
    if given.json:
        given.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
