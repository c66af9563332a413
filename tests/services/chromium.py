"""The real browser: Debian's Chromium, or one named by CHROMIUM."""

import os
import shutil

from tests.services import packages


def executable() -> str | None:
    """Return the path of a Chromium on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


def require() -> str:
    """Return the path of a Chromium, installed if need be. Raises Missing."""
    packages.require(
        "chromium", found=executable(), why="The browser tests need Chromium, and it is not here."
    )
    found = executable()
    assert found is not None
    return found
