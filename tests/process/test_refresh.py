"""A running node follows its source: who is put in is found, who leaves is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from childgrid_node.config import load
from deploy.demo import SECTIONS
from deploy.processes import until
from deploy.sample.story import FIR
from process.players import Cast
from process.yardstick import SECONDS, Grid

NEWCOMER = {"name": ["Zubin Marconi"], "phone": ["9812345670"]}
ROW = "AP-999999,ZUBIN MARCONI,Z7654321,03.04.1979,M,IND,9812345670,,AI101,12.11.2025\n"


def ask(cast: Cast) -> dict[str, Any]:
    """Ask customs for the newcomer; returns its answer."""
    query = cast.asker.ask(
        NEWCOMER,
        purpose="investigation",
        sections=list(SECTIONS),
        case=FIR,
        targets=["customs"],
    )
    cast.supervisor.approve(query)

    def answered(shown: dict[str, Any]) -> dict[str, Any] | None:
        answer: dict[str, Any] = shown["targets"]["customs"]
        return answer if answer["outcome"] != "not answered" else None

    return cast.asker.await_look("answers", query, answered)


def replaced(path: Path, text: str) -> None:
    """Write a new file and rename it into place, as its office would."""
    draft = path.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def test_who_is_put_into_a_register_is_found_and_who_is_taken_out_is_not(
    still: Grid,
) -> None:
    """Without a restart, and each answer says as of when it speaks."""
    settings = still.folder / "customs" / "node.toml"
    text = settings.read_text("utf-8")
    settings.write_text(f"refresh_seconds = 1\n{text}", "utf-8")
    still.configs["customs"] = load(settings)
    still.start()
    cast = Cast.of(still)
    source = still.folder / "customs" / "sources" / "customs.csv"
    before = source.read_text("utf-8")
    first = ask(cast)
    assert first["outcome"] == "none"

    replaced(source, before + ROW)
    hit = until(
        "the newcomer is found", SECONDS, lambda: _with(ask(cast), "hit"), pause=0.5
    )
    assert hit["as_of"] > first["as_of"]

    replaced(source, before)
    gone = until(
        "the newcomer is gone", SECONDS, lambda: _with(ask(cast), "none"), pause=0.5
    )
    assert gone["as_of"] > hit["as_of"]


def _with(answer: dict[str, Any], outcome: str) -> dict[str, Any] | None:
    return answer if answer["outcome"] == outcome else None
