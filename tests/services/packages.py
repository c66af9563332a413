"""Installs Debian packages where that is possible, or says in one sentence what is missing."""

import os
import shutil
import subprocess


class Missing(Exception):
    """Something the tests need is not there and cannot be installed from here; the message says how to get it."""


def require(package: str, *, found: object, why: str) -> None:
    """Install a Debian package unless ``found`` is true already. Raises Missing with a sentence for a person."""
    if found:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Missing(
            f"{why} Install it with: sudo apt-get install {package} (or your system's way), and run again."
        )
    print(f"Installing {package} …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", package]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Missing(f"{why} Its installation failed: {last}")
