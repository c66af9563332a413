"""The empty database after every migration: made once for each engine, where each worker begins with a copy.

Migrating takes longer than most files of tests; ``make test`` would do it six times.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from csm_portal.env import BASE_DIR

# Names what a worker copies: a file for SQLite, a database of the same cluster for PostgreSQL.
VARIABLE = "CSM_TESTS_BEGIN_WITH"
_TEMPLATE = "migrated"


class Failed(Exception):
    """The migrations do not run; why was printed."""


@contextmanager
def databases(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Migrate both at once; yield what VARIABLE is for SQLite and for PostgreSQL. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="csm-migrated-") as folder:
        file = str(Path(folder) / "migrated.sqlite3")
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        begun = [_begin(f"sqlite:///{file}"), _begin(f"{postgres_url.rpartition('/')[0]}/{_TEMPLATE}")]
        endings = [process.wait() for process in begun]
        if any(endings):
            raise Failed("The migrations do not run on an empty database.")
        yield file, _TEMPLATE


def into(path: Path) -> Path:
    """Make a migrated SQLite database at the path, by copying where there is one to copy."""
    begin_with = os.environ.get(VARIABLE)
    if begin_with and Path(begin_with).is_file():
        return Path(shutil.copy(begin_with, path))
    if _begin(f"sqlite:///{path}").wait():
        raise Failed("The migrations do not run on an empty database.")
    return path


def _begin(url: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url}
    return subprocess.Popen([sys.executable, "-c", _MIGRATE], env=environment, cwd=BASE_DIR)


# What Django does to a test database when it makes one.
_MIGRATE = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0, run_syncdb=True)
call_command("createcachetable", verbosity=0)
"""


@contextmanager
def copied(into: str) -> Iterator[None]:
    """Hold a database of this name (a file, or one in memory that others share) that begins as the SQLite copy."""
    with closing(sqlite3.connect(into, uri=True)) as held:
        with closing(sqlite3.connect(os.environ[VARIABLE])) as source:
            source.backup(held)
        yield
