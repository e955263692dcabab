"""One POST to a receiver: five seconds in all, no redirect, 64 kB read, never into the house."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from journeys.webhooks import addresses

SECONDS = 5.0
MOST_READ = 64 * 1024
AGENT = "Junro-Webhooks"


@dataclass(frozen=True)
class Answer:
    """What a receiver said. `status` is None where it said nothing; then `error` says what broke."""

    status: int | None = None
    text: str = ""
    error: str = ""
    retry_after: str = ""
    took_ms: int = 0


def post(url: str, body: str, headers: Mapping[str, str]) -> Answer:
    """Send it. Never raises for what the network or the receiver does."""
    began = time.monotonic()
    answer = _post(url, body, headers)
    took = int((time.monotonic() - began) * 1000)
    return Answer(answer.status, answer.text, answer.error, answer.retry_after, took)


def _post(url: str, body: str, headers: Mapping[str, str]) -> Answer:
    said = {"content-type": "application/json; charset=utf-8", **headers}
    try:
        with _cut_after(SECONDS) as line, _session() as session:
            response = session.post(url, data=body.encode(), headers=said, stream=True)
            if line.is_over:  # cut off in the middle of a header, which may look like its end
                return Answer(error=f"took longer than {SECONDS:g} s")
            return Answer(
                status=response.status_code,
                text=_beginning(response),
                retry_after=response.headers.get("retry-after", ""),
            )
    except InvalidIPAddress as error:
        return Answer(error=f"leads into a private network: {error}"[:500])
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        return Answer(error=_innermost(error)[:500])


def _innermost(error: BaseException) -> str:
    """What broke, without the layers that passed it on."""
    inner: Any = error
    while True:
        below = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)
        if not isinstance(below, BaseException):
            return f"{type(inner).__name__}: {str(inner).rpartition('): ')[2]}"
        inner = below


def _beginning(response: requests.Response) -> str:
    """The first 64 kB as text. The status counts even where the rest breaks off."""
    try:
        read = response.raw.read(MOST_READ, decode_content=False)
    except (HTTPError, OSError, ValueError):
        read = b""
    # PostgreSQL keeps no NUL in a text.
    return cast("bytes", read).decode("utf-8", "replace").replace("\0", "�")


# --- where to --------------------------------------------------------------------------------------
class _Outside(IPFilterAdapter):  # type: ignore[misc]
    """Connects to the one address it has looked at, so that the name cannot change in between."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def build_connection_pool_key_attributes(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if addresses.is_named(_netloc(request.url)):
            return HTTPAdapter.build_connection_pool_key_attributes(self, request, *args, **kwargs)
        host, pool = super().build_connection_pool_key_attributes(request, *args, **kwargs)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        if not addresses.is_outside(address):
            raise InvalidIPAddress(address)
        return host, pool


def _netloc(url: str) -> str:
    return url.split("/", 3)[2]


def _session() -> HTTPSession:
    config = Config(
        ip_filter_enable=False,  # the adapters below filter, and know the settings' hosts
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(SECONDS, SECONDS),
        user_agent_override=AGENT,
    )
    session = HTTPSession(config)
    session.trust_env = False  # no proxy, no .netrc
    session.mount("http://", _Outside(is_https_proto=False))
    session.mount("https://", _Outside(is_https_proto=True))
    return session


# --- how long --------------------------------------------------------------------------------------
class _Line:
    """The sockets of one call, to be cut when its time is over: a receiver that sends one byte a
    second would renew every time-out of a single read."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.doubles: list[socket.socket] = []
        self.is_over = False

    def watch(self, sock: socket.socket) -> None:
        with self.lock:
            self.doubles.append(sock.dup())
            if self.is_over:
                self._shut()

    def cut(self) -> None:
        with self.lock:
            self.is_over = True
            self._shut()

    def _shut(self) -> None:
        for double in self.doubles:
            with contextlib.suppress(OSError):
                double.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self.lock:
            for double in self.doubles:
                double.close()
            self.doubles.clear()


_line: ContextVar[_Line | None] = ContextVar("line", default=None)


@contextlib.contextmanager
def _cut_after(seconds: float) -> Iterator[_Line]:
    line = _Line()
    timer = threading.Timer(seconds, line.cut)
    timer.daemon = True
    token = _line.set(line)
    timer.start()
    try:
        yield line
    finally:
        timer.cancel()
        _line.reset(token)
        line.close()


def _watched(sock: socket.socket) -> socket.socket:
    line = _line.get()
    if line is not None:
        line.watch(sock)
    return sock


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
