"""Parts of a register as Ray actors, behind mutual TLS and a token; never otherwise.

Ray is imported here and nowhere else, when a node whose settings have `[shards]`
serves. Before it is, certificate, key, authority and token are looked at; once it runs,
the cluster is asked without a token and without TLS, and must refuse both. Its
dashboard, its reports to its makers and its spilling to the disk are off.

A part's index key crosses the cluster only sealed to the process that is to open the
file. Who has a certificate of this authority and the token runs any program on every
host: Ray has no smaller right than that.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from childgrid_node.index_errors import IndexFileError, ShardLost
from childgrid_node.shards.settings import ShardsConfig
from childgrid_node.shards.shard import Shard
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused

log = structlog.get_logger(__name__)
LEAST_TOKEN = 32
_LOOPBACK = "127.0.0.1"
_PROBE = "/ray.rpc.NodeInfoGcsService/CheckAlive"
_PROBE_SECONDS = 10.0
_GOES = 3
_SYSTEM = {
    "automatic_object_spilling_enabled": False,
    "agent_register_timeout_ms": 120_000,
}
_UNSET = ("RAY_AUTH_TOKEN", "RAY_ADDRESS")


def environment(settings: ShardsConfig) -> dict[str, str]:
    """What Ray is told; its processes inherit it. Holds names of files, no secret."""
    return {
        "RAY_USE_TLS": "1",
        "RAY_TLS_SERVER_CERT": str(settings.certificate),
        "RAY_TLS_SERVER_KEY": str(settings.key),
        "RAY_TLS_CA_CERT": str(settings.authority),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(settings.token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Despite its name: "0" keeps a cluster of one machine on loopback.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1" if settings.address else "0",
    }


def check(settings: ShardsConfig) -> None:
    """Look at the files by which processes know each other.

    Raises:
        ConfigurationRefused: one is missing, readable by others, or does not fit.
    """
    for name in ("key", "token_file"):
        path = getattr(settings, name)
        if path.exists() and keyfile.loose(path.stat()):
            raise ConfigurationRefused(f"shards.{name}: others may read it; chmod 600")
    token = _read(settings, "token_file").decode("ascii", "replace").strip()
    if len(token) < LEAST_TOKEN:
        raise ConfigurationRefused(
            f"shards.token_file: a token has at least {LEAST_TOKEN} characters"
        )
    certificate = _certificate(settings, "certificate")
    _check_key(settings, certificate)
    try:
        certificate.verify_directly_issued_by(_certificate(settings, "authority"))
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ConfigurationRefused(
            "shards.certificate: another authority signed it"
        ) from error


def _read(settings: ShardsConfig, name: str) -> bytes:
    try:
        found: bytes = getattr(settings, name).read_bytes()
    except OSError as error:
        raise ConfigurationRefused(f"shards.{name}: cannot be read") from error
    return found


def _certificate(settings: ShardsConfig, name: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(settings, name))
    except ValueError as error:
        raise ConfigurationRefused(f"shards.{name}: no PEM certificate") from error


def _check_key(settings: ShardsConfig, certificate: x509.Certificate) -> None:
    try:
        key = serialization.load_pem_private_key(_read(settings, "key"), None)
    except (ValueError, TypeError) as error:
        raise ConfigurationRefused(
            "shards.key: no PEM private key without a passphrase"
        ) from error
    if key.public_key() != certificate.public_key():
        raise ConfigurationRefused("shards.key: another certificate's key")


def probe(address: str, settings: ShardsConfig) -> None:
    """Make sure that a cluster lets nobody in without a token or without TLS.

    Raises:
        ConfigurationRefused: it does, or does not answer.
    """
    credentials = grpc.ssl_channel_credentials(
        _read(settings, "authority"),
        _read(settings, "key"),
        _read(settings, "certificate"),
    )
    nameless = grpc.ssl_channel_credentials(_read(settings, "authority"))
    with grpc.secure_channel(address, credentials) as channel:
        if _asked(channel) is not grpc.StatusCode.UNAUTHENTICATED:
            raise ConfigurationRefused(
                "shards.address: the cluster does not answer over TLS, or asks for no "
                "token; start it with RAY_USE_TLS=1 and RAY_AUTH_MODE=token"
            )
    for open_ in (
        grpc.insecure_channel(address),
        grpc.secure_channel(address, nameless),
    ):
        with open_ as channel:
            if _asked(channel) is not grpc.StatusCode.UNAVAILABLE:
                raise ConfigurationRefused(
                    "shards.address: the cluster talks to who shows no certificate; "
                    "start it with RAY_USE_TLS=1"
                )


def _asked(channel: grpc.Channel) -> grpc.StatusCode:
    """What a call without a token comes to."""
    call: Any = channel.unary_unary(_PROBE)
    try:
        call(b"", timeout=_PROBE_SECONDS)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


class Cluster:
    """A Ray cluster that this process takes part in; one in a process."""

    def __init__(self, settings: ShardsConfig) -> None:
        """Start or join it.

        Raises:
            ConfigurationRefused: it is not installed, or not safe.
        """
        check(settings)
        self._settings = settings
        for name in _UNSET:
            os.environ.pop(name, None)
        os.environ.update(environment(settings))
        try:
            self._ray: Any = importlib.import_module("ray")
        except ImportError as error:
            raise ConfigurationRefused(
                "shards: Ray is not installed; install the extra `ray`"
            ) from error
        with _signals_kept():
            self._join()
        self._kind = self._ray.remote(Shard)

    def _join(self) -> None:
        settings = self._settings
        quiet = {"log_to_driver": False, "configure_logging": False}
        if settings.address:
            probe(settings.address, settings)
            self._ray.init(address=settings.address, **quiet)
            return
        self._begin(quiet)
        try:
            probe(self.address, settings)
        except ConfigurationRefused:
            self._ray.shutdown()
            raise

    def _begin(self, quiet: dict[str, bool]) -> None:
        """Start a cluster of this machine alone; a busy one gets several goes."""
        settings = self._settings
        for _ in range(_GOES):
            try:
                self._ray.init(
                    address="local",
                    num_cpus=1,
                    resources={settings.resource: 1} if settings.resource else {},
                    object_store_memory=settings.store_bytes,
                    include_dashboard=False,
                    _node_ip_address=_LOOPBACK,
                    _system_config=_SYSTEM,
                    **quiet,
                )
            except Exception as error:  # Ray raises nothing narrower
                self._ray.shutdown()
                log.warning("cluster not started", error=type(error).__name__)
                continue
            return
        raise ConfigurationRefused(
            "shards: Ray did not start; look at its logs in /tmp/ray/session_latest"
        )

    @property
    def address(self) -> str:
        """host:port of the cluster's head."""
        return str(self._ray.get_runtime_context().gcs_address)

    def post(self, path: Path, scheme: bytes, secret: bytes) -> ActorPost:  # noqa: ARG002
        """Start a process for one part, anywhere in the cluster."""
        settings = self._settings
        options: dict[str, Any] = {
            "num_cpus": 0,
            "max_restarts": -1,
            "max_task_retries": 0,
            "max_concurrency": 4,
            "scheduling_strategy": "SPREAD",
        }
        if settings.resource:
            # Says where, not how many: while a register is made anew it is there twice.
            options["resources"] = {settings.resource: 0.001}
        made = self._kind.options(**options)
        actor = made.remote(str(path), settings.cores)
        return ActorPost(self._ray, actor)

    def close(self) -> None:
        """Leave the cluster; one that was started here ends, with all its processes."""
        with _signals_kept():
            self._ray.shutdown()


class ActorPost:
    """One part in an actor; see `crew.Post`."""

    def __init__(self, ray: Any, actor: Any) -> None:  # noqa: ANN401
        self._ray, self.actor = ray, actor

    def call(self, name: str, *arguments: Any) -> Future[Any]:  # noqa: ANN401
        """The result to come; `ShardLost` where the actor has ended or is not there."""
        done: Future[Any] = Future()
        try:
            began = getattr(self.actor, name).remote(*arguments).future()
        except self._ray.exceptions.RayError as error:
            done.set_exception(_gone(error))
            return done
        began.add_done_callback(lambda one: self._pass_on(one, done))
        return done

    def _pass_on(self, began: Future[Any], done: Future[Any]) -> None:
        error = began.exception()
        if error is None:
            done.set_result(began.result())
        elif isinstance(error, self._ray.exceptions.RayTaskError):
            cause = error.cause
            known = isinstance(cause, IndexFileError)
            done.set_exception(cause if known else _gone(cause))
        else:
            done.set_exception(_gone(error))

    def end(self) -> None:
        """End the process for good."""
        self._ray.kill(self.actor)


def _gone(error: BaseException) -> ShardLost:
    return ShardLost(f"a part of the register is not there ({type(error).__name__})")


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts handlers of its own in force; a node ends by its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
