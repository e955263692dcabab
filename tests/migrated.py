"""A migrated database kept for the next run, which then starts in seconds: `mkdir -p var/kept`.

Only where that folder exists. Kept under a name made of every migration's text and the locked
packages; changed ones begin anew. On SQLite a file in the folder, on PostgreSQL a database
`junro_migrated_…`, to be dropped by hand.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parent.parent


def wanted() -> bool:
    return _folder().is_dir()


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "kept"


def _name() -> str:
    read = hashlib.sha256()
    for path in (*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "requirements" / "dev.lock"):
        read.update(path.read_bytes())
    return f"junro_migrated_{read.hexdigest()[:12]}"


def _file() -> Path:
    return _folder() / f"{_name()}.sqlite3"


def begin_with_kept(patch: Any) -> bool:
    """Let the coming set-up start from a kept database; whether there was one."""
    creation: Any = connection.creation
    if connection.vendor == "postgresql":
        with creation._nodb_cursor() as cursor:
            if not creation._database_exists(cursor, _name()):
                return False
        connection.settings_dict["TEST"]["TEMPLATE"] = _name()
        return True
    if not _file().exists():
        return False
    make_empty = creation._create_test_db

    def copy(*args: Any) -> Any:
        made = make_empty(*args)
        shutil.copy(_file(), made)
        return made

    patch.setattr(creation, "_create_test_db", copy)
    return True


def keep() -> None:
    """Keep the database that was just made."""
    if "django_migrations" not in connection.introspection.table_names():
        return  # made without migrations: not what others would begin with
    connection.close()
    made = connection.settings_dict["NAME"]
    creation: Any = connection.creation
    if connection.vendor == "postgresql":
        with creation._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{_name()}" TEMPLATE "{made}"')
    else:
        shutil.copy(made, _file().with_suffix(f".{os.getpid()}"))
        _file().with_suffix(f".{os.getpid()}").replace(_file())
