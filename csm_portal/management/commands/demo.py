"""``make demo``: a simulated workspace, a year of history, web and queue, until Ctrl-C."""

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.utils import get_random_secret_key

from csm_portal.env import BASE_DIR
from csm_portal.processes import (
    Child,
    DidNotStart,
    Stopped,
    is_free,
    stop_all,
    stop_on_signals,
    wait_for_port,
)

FOLDER = BASE_DIR / "var" / "demo"
SIGN_IN = FOLDER / "sign-in.txt"


class Command(BaseCommand):
    help = (
        "Fill a simulated Notion workspace, mirror and score it, and serve the portal on 127.0.0.1 until Ctrl-C. "
        "What you do in the demo is kept until the next day, whose demo starts anew: its dates are relative to today."
    )
    # The demo makes its own keys and database; nothing has to be configured before.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8000, help="port of the portal; the simulator takes the next"
        )
        parser.add_argument("--data", type=Path, help="fill the workspace from this accounts.csv instead")
        parser.add_argument(
            "--fresh", action="store_true", help="start anew even if today's demo is there already"
        )

    def handle(self, *args: Any, port: int, data: Path | None, fresh: bool, **options: Any) -> None:
        if data is not None and not data.is_file():
            raise CommandError(
                f"There is no file {data}. Give the path of an accounts.csv: make demo DATA=path."
            )
        for number in (port, port + 1):
            if not is_free(number):
                raise CommandError(
                    f"Port {number} of 127.0.0.1 is in use. Choose another, and leave the next one free too: "
                    f"make demo PORT={port + 100}"
                )
        stop_on_signals()
        children: list[Child] = []
        try:
            self._serve(children, port=port, data=data, fresh=fresh)
        except Stopped:
            self.stdout.write("\nStopping …")
        except DidNotStart as error:
            raise CommandError(str(error)) from error
        finally:
            stop_all(children)

    def _serve(self, children: list[Child], *, port: int, data: Path | None, fresh: bool) -> None:
        stamp = f"{datetime.now().astimezone().date().isoformat()} {data.resolve() if data else ''}".strip()
        is_kept = not fresh and _read(FOLDER / "filled") == stamp
        if not is_kept:
            _empty(FOLDER)
        environment = _environment(port)

        def child(name: str, *command: str) -> Child:
            started = Child(name=name, command=command, environment=environment, log=FOLDER / f"{name}.log")
            children.append(started)
            started.start()
            return started

        manage = [sys.executable, str(BASE_DIR / "manage.py")]
        self._run(manage, "migrate", "--verbosity", "0", environment=environment)
        simulator = child(
            "simulator", *manage, "notion_sim", "--port", str(port + 1),
            "--file", str(FOLDER / "notion.sqlite3"), "--public-url", f"http://127.0.0.1:{port + 1}",
        )  # fmt: skip
        wait_for_port(simulator, port + 1)
        if not is_kept:
            extra = ["--data", str(data)] if data else []
            self._run(
                manage, "fill_demo", "--simulator", str(FOLDER / "notion.sqlite3"),
                "--sign-in", str(SIGN_IN), *extra, environment=environment,
            )  # fmt: skip
            (FOLDER / "filled").write_text(stamp)
        child("queue", *manage, "qcluster")
        web = child(
            "web", sys.executable, "-m", "gunicorn", "csm_portal.wsgi", "--bind", f"127.0.0.1:{port}",
            "--workers", "2", "--threads", "4", "--access-logfile", "-",
        )  # fmt: skip
        wait_for_port(web, port)
        self.stdout.write(SIGN_IN.read_text().replace("{address}", f"http://127.0.0.1:{port}"))
        self.stdout.write("Ctrl-C stops everything.\n")
        self.stdout.flush()
        self._watch(children)

    def _watch(self, children: list[Child]) -> None:
        """Wait until a server ends. A queue that ended is started again, as a supervisor would."""
        while True:
            time.sleep(1)
            for child in children:
                if not child.has_ended:
                    continue
                if child.name != "queue":
                    raise DidNotStart(f"The {child.name} ended by itself. Its output is in {child.log}.")
                child.stop()
                child.start()

    def _run(self, manage: list[str], *command: str, environment: dict[str, str]) -> None:
        done = subprocess.run([*manage, *command], env=environment, check=False)  # noqa: S603
        if done.returncode != 0:
            raise CommandError(f"“{command[0]}” did not get through; its own sentence stands above.")


def _environment(port: int) -> dict[str, str]:
    """Return the environment of the demo's processes; its keys are made once and kept beside its data."""
    keys = FOLDER / "demo.env"
    if not keys.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        keys.touch(mode=0o600)
        keys.write_text(
            f"DJANGO_SECRET_KEY='{get_random_secret_key()}'\nCSM_SECRET_KEYS={Fernet.generate_key().decode()}\n"
        )
    return {
        **os.environ,
        "CSM_ENV_FILE": str(keys),
        "CSM_DEMO": "1",
        "CSM_LOG_LEVEL": "WARNING",
        "DATABASE_URL": f"sqlite:///{FOLDER / 'portal.sqlite3'}",
        "NOTION_BASE_URL": f"http://127.0.0.1:{port + 1}",
        "PYTHONUNBUFFERED": "1",
    }


def _read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def _empty(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
