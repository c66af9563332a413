"""The folder that a demo lives in: whose it is, what it is filled with, and how it is emptied."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

# All that a demo leaves in its folder. Anything else there is somebody's own and stays.
_OURS = ("portal.sqlite3*", "notion.sqlite3*", "google.sqlite3*", "*.log", "sign-in.txt", "demo.env")
_FILLED = "filled"


class InUse(Exception):
    """Another demo runs on the folder, or it cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Paths of the demo's files, and whether what stands in them is whole."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / "portal.sqlite3"

    @property
    def workspace(self) -> Path:
        return self.path / "notion.sqlite3"

    @property
    def google(self) -> Path:
        return self.path / "google.sqlite3"

    @property
    def sign_in(self) -> Path:
        return self.path / "sign-in.txt"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and keep it from other demos. The kernel lets go when this process ends, however it does.

        Raises InUse.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a")
        except OSError as error:
            raise InUse(
                f"The demo cannot write to {self.path}: {error.strerror}. Name another folder with --folder."
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InUse(
                    f"Another demo is running on {self.path}. Stop it with Ctrl-C, or name another folder with --folder."
                ) from error
            yield

    def is_filled_with(self, stamp: str) -> bool:
        """Tell whether a fill with this stamp got to its end here."""
        filled = self.path / _FILLED
        return filled.is_file() and filled.read_text() == stamp

    def mark_filled(self, stamp: str) -> None:
        """Say that the fill is whole, in one step: a mark that is half written would be none."""
        draft = self.path / f"{_FILLED}.new"
        draft.write_text(stamp)
        draft.replace(self.path / _FILLED)

    def empty(self) -> None:
        """Remove what a demo left here, its mark first, so that what breaks this off leaves nothing that looks whole."""
        for name in (_FILLED, f"{_FILLED}.new", *_OURS):
            for path in self.path.glob(name):
                path.unlink()

    def keys(self) -> Path:
        """Return the file with the demo's keys, made once for its database and workspace."""
        keys = self.path / "demo.env"
        if not keys.is_file():
            draft = self.path / "demo.env.new"
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(
                    f"DJANGO_SECRET_KEY='{get_random_secret_key()}'\n"
                    f"CSM_SECRET_KEYS={Fernet.generate_key().decode()}\n"
                )
            draft.replace(keys)
        return keys
