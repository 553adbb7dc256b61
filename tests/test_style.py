"""The tree reads as it should: linted, formatted, typed, and of readable size."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 400
UNCALLED = {
    "check_evidence": "for whoever is handed such a file (docs/bundle.md)",
    "do_GET": "called by http.server",
    "intercept_service": "called by grpc",
    "log_message": "called by http.server",
}
"""What no program calls, and why it is there."""

_REGISTRY = re.compile(r"https?://[^ ]*(?:pypi|pythonhosted|npmjs|debian)\.")


def _run(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("words", [("check", "."), ("format", "--check", ".")])
def test_ruff_has_nothing_to_say(words: tuple[str, ...]) -> None:
    """The linter finds nothing and the formatter would change nothing."""
    _run("ruff", *words)


def test_every_package_is_typed() -> None:
    """`mypy --strict` passes over all packages."""
    _run("mypy")


def test_no_product_file_is_too_long() -> None:
    """A file is one room; above 400 lines it is two."""
    files = [
        path
        for path in _tracked("*.py")
        if "/pb/" not in str(path) and "tests" not in path.parts
    ]
    long = [path.name for path in files if len(path.read_text().splitlines()) > LONGEST]

    assert files
    assert not long


def test_nothing_is_there_that_only_tests_call() -> None:
    """A test of what no program does proves nothing of any program."""
    trees = [
        ast.parse(path.read_text("utf-8"))
        for path in _tracked("*.py")
        if not {"tests", "pb"} & set(path.parts)
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    made = {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and not node.decorator_list
        if node.name[:2] != "__"
    }
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {node.name for node in nodes if isinstance(node, ast.alias) and node.asname}

    assert sorted(made - used) == sorted(UNCALLED)


def test_no_registry_is_named() -> None:
    """Neither the lock nor anything else says where packages come from."""
    assert not [
        path.name
        for path in _tracked()
        if path.suffix != ".md" and _REGISTRY.search(path.read_text("utf-8", "ignore"))
    ]
    assert not _REGISTRY.search((ROOT / "requirements.lock").read_text())
