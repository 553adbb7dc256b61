"""Parts as Ray actors: the same answers, partial when one is lost, never in the open.

One cluster on loopback serves all these tests, with a certificate and token of its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from childgrid_node.shards import cluster
from childgrid_node.shards.cluster import Cluster, check, probe
from childgrid_node.shards.settings import ShardsConfig
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from parted import (
    TOKEN,
    Both,
    answers,
    both,
    held,
    kill,
    lay_secrets,
    queries,
    ranked,
    settings,
    told,
)

ROWS, ASKED = 20_000, 12


@pytest.fixture(scope="module", name="authority")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="config")
def _config(tmp_path: Path, authority: trustme.CA) -> ShardsConfig:
    lay_secrets(tmp_path, authority)
    return settings(2, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("host.pem", None, "shards.certificate: cannot be read"),
        ("host.pem", "x", "shards.certificate: no PEM"),
        ("host.key", None, "shards.key: cannot be read"),
        ("host.key", "x", "shards.key: no PEM"),
        ("authority.pem", None, "shards.authority: cannot be read"),
        ("token", None, "shards.token_file: cannot be read"),
        ("token", "short", "shards.token_file: a token has at least"),
    ],
)
def test_without_certificate_key_authority_and_token_nothing_starts(
    config: ShardsConfig, name: str, content: str | None, why: str
) -> None:
    """There is no mode without; the line names the setting."""
    path = config.certificate.parent / name
    if content is None:
        path.unlink()
    else:
        path.write_text(content)

    with pytest.raises(ConfigurationRefused, match=why):
        Cluster(config)


@pytest.mark.parametrize("name", ["host.key", "token"])
def test_a_secret_that_others_may_read(config: ShardsConfig, name: str) -> None:
    """Is none."""
    path = config.key.parent / name
    path.chmod(path.stat().st_mode | stat.S_IRGRP)

    with pytest.raises(ConfigurationRefused, match="others may read it"):
        check(config)


def test_a_certificate_of_another_authority_or_another_key(
    config: ShardsConfig, tmp_path: Path
) -> None:
    """Which no other host would believe."""
    other = trustme.CA()
    other.cert_pem.write_to_path(config.authority)
    with pytest.raises(ConfigurationRefused, match="another authority"):
        check(config)
    other.issue_cert("127.0.0.1").private_key_pem.write_to_path(config.key)

    with pytest.raises(ConfigurationRefused, match="another certificate's key"):
        check(config)


@contextmanager
def server(
    config: ShardsConfig, *, tls: bool, client: bool, code: Any
) -> Iterator[str]:
    """A stand-in for a cluster's head; `code` answers every call, None for all well."""

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, _: Any) -> Any:
            def say(_: bytes, context: grpc.ServicerContext) -> bytes:
                if code is not None:
                    context.abort(code, "")
                return b""

            return grpc.unary_unary_rpc_method_handler(say)

    made = grpc.server(futures.ThreadPoolExecutor(2))
    made.add_generic_rpc_handlers((Handler(),))
    if tls:
        pair = [(config.key.read_bytes(), config.certificate.read_bytes())]
        roots = config.authority.read_bytes() if client else None
        credentials = grpc.ssl_server_credentials(pair, roots, client)
        port = made.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = made.add_insecure_port("127.0.0.1:0")
    made.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        made.stop(None).wait()


@pytest.mark.parametrize(
    ("tls", "client", "code"),
    [
        (False, False, grpc.StatusCode.UNAUTHENTICATED),
        (True, False, grpc.StatusCode.UNAUTHENTICATED),
        (True, True, None),
    ],
    ids=["no TLS", "no client certificate", "no token"],
)
def test_a_cluster_that_lets_anybody_in_is_refused(
    config: ShardsConfig, tls: bool, client: bool, code: Any
) -> None:
    """The node looks for itself before it hands out a key."""
    with (
        server(config, tls=tls, client=client, code=code) as address,
        pytest.raises(ConfigurationRefused, match=r"shards\.address"),
    ):
        probe(address, config)


def test_a_cluster_that_asks_for_all_of_it_is_joined(config: ShardsConfig) -> None:
    """Mutual TLS, and a token."""
    code = grpc.StatusCode.UNAUTHENTICATED
    with server(config, tls=True, client=True, code=code) as address:
        probe(address, config)


@pytest.fixture(scope="module", name="running")
def _running(
    tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    lay_secrets(folder, authority)
    before = dict(os.environ)
    made = Cluster(settings(4, folder))
    yield made
    made.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(name="register")
def _register(tmp_path: Path, running: Cluster) -> Iterator[Both]:
    found = both(tmp_path, ROWS, 2, host=running)
    yield found
    found.fleet.forget(tmp_path)


def test_two_actors_answer_as_one_file(register: Both) -> None:
    """Also after rows have changed, in the processes that hold them."""
    asked = queries(register.encodings, ASKED, 2)
    found = answers(register.one, asked)

    assert answers(register.parts, asked) == found
    assert any(found)
    assert ranked(register.parts, asked[0]) == ranked(register.one, asked[0])
    gone = [f"K{n}" for n in range(1, 4_000, 3)]
    register.one = register.one.changed((), gone)
    register.parts = register.parts.changed((), gone)
    assert answers(register.parts, asked) == answers(register.one, asked)
    assert told(register.parts) == told(register.one)


def test_four_actors_answer_as_one_file(tmp_path: Path, running: Cluster) -> None:
    """Queries that come together too."""
    register = both(tmp_path, ROWS, 4, host=running)
    asked = queries(register.encodings, ASKED, 3)

    together = held(register.parts)._pass(asked)

    assert [hits for hits, _ in together] == answers(register.one, asked)
    register.fleet.forget(tmp_path)


@pytest.mark.parametrize("method", ["survey", "best"])
def test_an_actor_killed_in_mid_query_makes_it_partial_and_comes_back(
    register: Both, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Not no hit; afterwards all is there again, with nobody's help."""
    asked = queries(register.encodings, ASKED, 2)
    before, holdings = answers(register.parts, asked), held(register.parts)
    crew = register.parts.crew
    victim: Any = crew._posts[1]
    ask = crew.ask

    def killing(name: str, *rest: Any) -> Any:
        if name == method:
            kill(victim)
        return ask(name, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(crew, "ask", killing)
        with pytest.raises(Refused) as refusal:
            holdings.search(asked[0])
    assert refusal.value.reason is Reason.PARTIAL

    assert crew.settle(60)
    assert answers(register.parts, asked) == before


def asked_of(address: str, credentials: Any, token: str | None) -> grpc.StatusCode:
    """What the running cluster says to a stranger."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    channel = (
        grpc.secure_channel(address, credentials)
        if credentials
        else grpc.insecure_channel(address)
    )
    with channel:
        try:
            channel.unary_unary(cluster._PROBE)(b"", timeout=10, metadata=metadata)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


def test_who_lacks_certificate_or_token_is_not_let_in(
    running: Cluster, authority: trustme.CA, tmp_path: Path
) -> None:
    """And who has both is: the test can fail."""
    lay_secrets(tmp_path, authority)
    config, address = settings(4, tmp_path), running.address
    mine = [one.read_bytes() for one in (config.authority, config.key)]
    good = grpc.ssl_channel_credentials(*mine, config.certificate.read_bytes())
    pair = trustme.CA().issue_cert("127.0.0.1")
    foreign = grpc.ssl_channel_credentials(
        mine[0], pair.private_key_pem.bytes(), pair.cert_chain_pems[0].bytes()
    )

    assert asked_of(address, good, TOKEN) is grpc.StatusCode.OK
    assert asked_of(address, good, "x" * 40) is grpc.StatusCode.UNAUTHENTICATED
    assert asked_of(address, good, None) is grpc.StatusCode.UNAUTHENTICATED
    for nobody in (None, grpc.ssl_channel_credentials(mine[0]), foreign):
        assert asked_of(address, nobody, TOKEN) is grpc.StatusCode.UNAVAILABLE
    probe(address, config)


def test_nothing_is_reported_shown_or_spilled(running: Cluster) -> None:
    """No telemetry, no dashboard, and listeners on loopback only."""
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert running.address.startswith("127.0.0.1:")
    assert not running._ray.worker._global_node.webui_url
    assert TOKEN not in "".join(os.environ.values())
