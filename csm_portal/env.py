"""Reads the settings of one installation from the environment and an optional ``.env`` file."""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


def load() -> None:
    """Read ``.env`` beside manage.py, or the file named by CSM_ENV_FILE. Real variables win over the file."""
    path = Path(os.environ.get("CSM_ENV_FILE", BASE_DIR / ".env"))
    if path.is_file():
        environ.Env.read_env(path, overwrite=False)
