"""Every room in every state, language, width and look, before axe: the long version."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from playwright.sync_api import Browser, sync_playwright

from childgrid_portal.web import clock, words
from grid import Grid
from portal.chromium import ARGUMENTS, EXECUTABLE
from portal.scenes import Scene, scenes, stage_grid
from portal.visits import Officer
from portal.wired import wired

WIDTHS = (1_280, 320)


def soak() -> Mapping[str, Any]:
    """Open them all; `failures` says what axe found, or what was too wide."""
    failures: list[str] = []
    count = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        grid = stage_grid(Path(folder) / "grid")
        with patch.object(clock, "now", lambda: grid.now + 60):
            ways = itertools.product(
                scenes(grid), words.languages(), words.LOOKS, WIDTHS
            )
            for scene, language, look, width in ways:
                way = f"{scene.name} {language} {look or 'plain'} {width}"
                found = _seen(browser, grid, scene, (language, look, width))
                failures += [f"{way}: {one}" for one in found]
                count += 1
        browser.close()
    return {"pages": count, "failures": failures}


def _seen(
    browser: Browser, grid: Grid, scene: Scene, way: tuple[str, str, int]
) -> list[str]:
    """What is wrong with one page in one way of showing it."""
    language, look, width = way
    reader = Officer(grid, scene.member, scene.officer, language, look)
    with wired(browser, reader, width) as seen:
        scene.show(seen)
        wide = [f"{seen.overflow()} points too wide"] if seen.overflow() else []
        return [*seen.violations(), *wide, *seen.strange]
