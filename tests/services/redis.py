"""A throwaway Redis, as the shared cache of a larger installation."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services import packages, ports


@contextmanager
def server() -> Iterator[str]:
    """Start a Redis that keeps nothing and yield its REDIS_URL; end it after."""
    why = "The tests run with Redis as the cache too, and its server is not here."
    packages.require("redis-server", found=shutil.which("redis-server"), why=why)
    port = ports.free()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise packages.Missing("The Redis server that the tests started does not answer.")
