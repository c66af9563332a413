"""A throwaway PostgreSQL cluster in a temporary folder, ended by whoever started it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import packages, ports


def _bin() -> Path | None:
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if homes:
        return homes[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _as_postgres(command: list[str]) -> list[str]:
    # PostgreSQL refuses to run as root.
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster without durability and yield its DATABASE_URL; stop it and remove its folder after."""
    packages.require(
        "postgresql", found=_bin(), why="The tests run on PostgreSQL too, and its server is not here."
    )
    binaries = _bin()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port = ports.free()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": "/"}
    data = str(folder / "data")
    try:
        subprocess.run(
            _as_postgres([f"{binaries}/initdb", "-D", data, "-A", "trust", "-U", "portal", "-E", "UTF8", "--locale=C.UTF-8", "-N"]),
            check=True, **quiet,
        )  # fmt: skip
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        )
        control = [f"{binaries}/pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]
        subprocess.run(_as_postgres([*control, "-o", options, "start"]), check=True, **quiet)
        try:
            yield f"postgres://portal@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run(_as_postgres([*control, "-m", "immediate", "stop"]), check=False, **quiet)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
