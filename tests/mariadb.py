"""A MariaDB for the tests: a private server on a socket, as another user where root.

`CHILDGRID_TEST_MARIADB_URL` names one that runs already; its account must be able to
make databases and accounts. Debian's `mariadb-server-core` is enough for our own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import OperationalError

_SHARE = Path("/usr/share/mysql")
_TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
)
_SMALL = (
    "--no-defaults",
    "--innodb-buffer-pool-size=8M",
    "--innodb-log-file-size=4M",
    "--innodb-flush-log-at-trx-commit=0",
    "--aria-pagecache-buffer-size=8M",
    "--performance-schema=OFF",
    "--skip-log-bin",
)
_SECONDS = 30


def server() -> str | None:
    """The program, if it is installed."""
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def running(program: str) -> Iterator[URL]:
    """Start a server of our own; the URL is its root's."""
    where = os.environ.get("PYTEST_DEBUG_TEMPROOT", "/tmp")  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="childgrid-maria-", dir=where))
    try:
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        who: dict[str, Any] = {}
        if os.getuid() == 0:  # which the server refuses to run as
            shutil.chown(data, "nobody", "nogroup")
            who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        command = [program, *_SMALL, f"--datadir={data}"]
        _bootstrap([*command, "--bootstrap", "--skip-grant-tables"], who)
        yield from _served(command, data, who)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bootstrap(command: list[str], who: dict[str, Any]) -> None:
    tables = "".join((_SHARE / name).read_text("utf-8") for name in _TABLES)
    script = (
        f"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n{tables}"
    )
    done = subprocess.run(command, input=script, capture_output=True, text=True, **who)
    assert done.returncode == 0, done.stderr[-2_000:]


def _served(command: list[str], data: Path, who: dict[str, Any]) -> Iterator[URL]:
    socket = data / "s"
    told = data.parent / "errors"
    with told.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--skip-networking", f"--socket={socket}"], stderr=errors, **who
        )
    try:
        url = URL.create("mariadb+pymysql", "root", query={"unix_socket": str(socket)})
        _await(url, process, told)
        yield url
    finally:
        process.terminate()
        process.wait()


def _await(url: URL, process: subprocess.Popen[bytes], told: Path) -> None:
    engine, until = create_engine(url), time.monotonic() + _SECONDS
    while True:
        try:
            engine.connect().close()
        except OperationalError:
            assert process.poll() is None, told.read_text("utf-8", "replace")[-2_000:]
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)
        else:
            return engine.dispose()


def named() -> URL | None:
    """The server that the environment names."""
    url = os.environ.get("CHILDGRID_TEST_MARIADB_URL")
    return make_url(url) if url else None
