"""A PostgreSQL of our own in a temporary folder, to be crashed; the machine's own is left alone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

#: WAL stays in memory as long as nobody waits for it: what is not flushed is lost in a crash.
CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
wal_writer_delay = 10s
wal_writer_flush_after = 1GB
synchronous_commit = on
autovacuum = off
wal_level = minimal
max_wal_senders = 0
shared_buffers = 16MB
"""


def programs() -> Path | None:
    """Where initdb is; None when this machine has only the client."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


class Cluster:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def run(self, program: str, *args: str) -> None:
        where = programs()
        assert where is not None
        # PostgreSQL refuses to run as root.
        who: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        with (self.folder / "log").open("a") as log:
            subprocess.run(
                [where / program, *args], check=True, stdout=log, stderr=log, cwd=self.folder, **who
            )

    def start(self) -> None:
        self.run("pg_ctl", "-D", "data", "-o", f"-p {self.port}", "-w", "-l", "server.log", "start")

    def never_flush_alone(self) -> None:
        """Stop the process that writes WAL now and then, so that only commits do."""
        main = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) == main and b"walwriter" in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGSTOP)

    def crash(self) -> None:
        """As a power cut of the server process: no checkpoint, memory is gone."""
        self.run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")

    def database(self) -> dict[str, Any]:
        """What a sender's order says to work here."""
        return {"HOST": "127.0.0.1", "PORT": self.port, "NAME": "storm", "USER": "postgres"}


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster with a copy of the tests' database as it stands now."""
    folder = Path(tempfile.mkdtemp(prefix="junro-cluster-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = Cluster(folder, port)
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        ours.run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(CONFIG)
        ours.start()
        copy_database(ours.database())
        yield ours
    finally:
        try:
            ours.crash()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def copy_database(to: dict[str, Any]) -> None:
    """A copy of the tests' database as it stands, elsewhere."""
    make_database(to, dump())


def make_database(to: dict[str, Any], backup: bytes) -> None:
    """A new database out of a backup."""
    drop_database(to)
    _psql({**to, "NAME": "postgres"}, f'CREATE DATABASE "{to["NAME"]}" TEMPLATE template0'.encode())
    _psql(to, backup)


def drop_database(to: dict[str, Any]) -> None:
    sql = f'DROP DATABASE IF EXISTS "{to["NAME"]}" WITH (FORCE)'
    _psql({**to, "NAME": "postgres"}, sql.encode())


def dump() -> bytes:
    """A backup of the tests' database, as SQL."""
    base = connection.settings_dict
    command = ["pg_dump", "--no-owner", *_where(base)]
    return subprocess.run(command, check=True, capture_output=True, env=_with_password(base)).stdout


@contextmanager
def asking(database: dict[str, Any]) -> Iterator[Callable[[str], list[Any]]]:
    """A function that runs a statement in another database and returns its rows."""
    base = connection.settings_dict
    with psycopg.connect(
        host=database["HOST"], port=database["PORT"], dbname=database["NAME"],
        user=database["USER"], password=base["PASSWORD"] or None, autocommit=True,
    ) as other:  # fmt: skip

        def ask(sql: str) -> list[Any]:
            cursor = other.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

        yield ask


def _psql(to: dict[str, Any], sql: bytes) -> None:
    command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", *_where(to)]
    subprocess.run(
        command, input=sql, check=True, capture_output=True,
        env=_with_password(connection.settings_dict),
    )  # fmt: skip


def _where(database: dict[str, Any]) -> list[str]:
    return [
        "-h", str(database["HOST"]), "-p", str(database["PORT"]), "-U", str(database["USER"]),
        "-d", str(database["NAME"]),
    ]  # fmt: skip


def _with_password(base: dict[str, Any]) -> dict[str, str]:
    return os.environ | ({"PGPASSWORD": base["PASSWORD"]} if base["PASSWORD"] else {})
