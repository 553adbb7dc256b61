"""A whole run of the tests fails where a threat's tests did not run and pass.

Used by `conftest`. Where only some tests are asked for, nothing is demanded. The tests
may run in several processes: each report carries its test's threats to the first.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from threats import listed

_ABOUT = "threats"
_ASKED: set[str] = set()
_PASSED: set[str] = set()


def unproven(known: Iterable[str], passed: set[str]) -> list[str]:
    """Ids that some test carries and of which no test passed."""
    return sorted(set(known) - passed)


def _whole(config: pytest.Config) -> bool:
    """Whether this process has heard of every test, and all were asked for."""
    options = config.option
    narrowed = options.keyword or options.markexpr or options.collectonly
    asked = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return asked and not narrowed and not hasattr(config, "workerinput")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each test's reports say which threats it is about."""
    for item in items:
        ids = (one for mark in item.iter_markers("threat") for one in mark.args)
        item.user_properties.extend((_ABOUT, one) for one in ids)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which threats were put to a test, and of which one passed."""
    ids = {str(one) for name, one in report.user_properties if name == _ABOUT}
    _ASKED.update(ids)
    if report.when == "call" and report.passed:
        _PASSED.update(ids)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run in which a threat was not put to the test."""
    if session.exitstatus != pytest.ExitCode.OK or not _whole(session.config):
        return
    known = {one.id for one in listed(session.config.rootpath) if not one.open}
    for one in (missing := unproven(known | _ASKED, _PASSED)):
        print(f"\nno test of threat {one} ran and passed: see docs/threats.toml")
    if missing:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
