"""A whole run of the tests fails where a threat's tests did not run and pass.

Used by `conftest`. Where only some tests are asked for, nothing is demanded.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from threats import listed

_IDS: dict[str, tuple[str, ...]] = {}
_PASSED: set[str] = set()


def unproven(known: Iterable[str], passed: set[str]) -> list[str]:
    """Ids that some test carries and of which no test passed."""
    return sorted(set(known) - passed)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Remember which test is about which threats."""
    for item in items:
        ids = tuple(one for mark in item.iter_markers("threat") for one in mark.args)
        if ids:
            _IDS[item.nodeid] = ids


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember whose test has passed."""
    if report.when == "call" and report.passed:
        _PASSED.update(_IDS.get(report.nodeid, ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run in which a threat was not put to the test."""
    config = session.config
    options = config.option
    narrowed = options.keyword or options.markexpr or options.collectonly
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not narrowed
    if not whole or session.exitstatus != pytest.ExitCode.OK:
        return
    known = {one.id for one in listed(config.rootpath) if not one.open}
    known |= {one for ids in _IDS.values() for one in ids}
    for one in (missing := unproven(known, _PASSED)):
        print(f"\nno test of threat {one} ran and passed: see docs/threats.toml")
    if missing:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
