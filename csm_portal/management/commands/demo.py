"""``make demo``: a simulated workspace, a year of history, web and queue, until Ctrl-C."""

import hashlib
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from csm_portal.demo.folder import DemoFolder, InUse
from csm_portal.env import BASE_DIR
from csm_portal.processes import (
    Child,
    DidNotStart,
    Stopped,
    end_with_parent,
    is_free,
    stop_all,
    stop_on_signals,
    wait_for_port,
)

_MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))


class Command(BaseCommand):
    help = (
        "Fill a simulated Notion workspace, mirror and score it, and serve the portal on 127.0.0.1 until Ctrl-C. "
        "What you do in the demo is kept until the next day, whose demo starts anew: its dates are relative to "
        "today. Another port or another file starts anew too."
    )
    # The demo makes its own keys and database; nothing has to be configured before.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8000, help="port of the portal; the simulator takes the next"
        )
        parser.add_argument("--data", type=Path, help="fill the workspace from this accounts.csv instead")
        parser.add_argument(
            "--folder", type=Path, default=BASE_DIR / "var" / "demo",
            help="where the demo keeps its database, keys and logs (default var/demo)",
        )  # fmt: skip
        parser.add_argument(
            "--fresh", action="store_true", help="start anew even if today's demo is there already"
        )

    def handle(
        self, *args: Any, port: int, data: Path | None, folder: Path, fresh: bool, **options: Any
    ) -> None:
        if data is not None and not data.is_file():
            raise CommandError(
                f"There is no file {data}. Give the path of an accounts.csv: make demo DATA=path."
            )
        if not 1 <= port < 65535:
            raise CommandError(f"{port} is no port. Choose one from 1024 to 65534: make demo PORT=8123")
        for number in (port, port + 1):
            if not is_free(number):
                raise CommandError(
                    f"Port {number} of 127.0.0.1 is in use. Choose another, and leave the next one free too: "
                    f"make demo PORT={port + 100 if port < 65000 else 8123}"
                )
        stop_on_signals()
        demo = _Demo(
            self, folder=DemoFolder(folder.resolve()), port=port, data=data.resolve() if data else None
        )
        try:
            with demo.folder.held():
                demo.run(is_fresh=fresh)
        except Stopped:
            self.stdout.write("\nThe demo has stopped.")
        except (DidNotStart, InUse) as error:
            raise CommandError(str(error)) from error


class _Demo:
    """One run of the demo: its processes and where they stand."""

    def __init__(self, command: BaseCommand, *, folder: DemoFolder, port: int, data: Path | None) -> None:
        self.command, self.folder, self.port, self.data = command, folder, port, data
        self.children: list[Child] = []
        self.environment: dict[str, str] = {}

    def run(self, *, is_fresh: bool) -> None:
        """Fill what is not filled, then serve until somebody stops it or a server ends."""
        try:
            self._start(is_fresh=is_fresh)
            self._watch()
        finally:
            stop_all(self.children)

    def _start(self, *, is_fresh: bool) -> None:
        stamp = self._stamp()
        is_kept = not is_fresh and self.folder.is_filled_with(stamp)
        if not is_kept:
            self.folder.empty()
        self.environment = self._environment()
        self._do("migrate", "--verbosity", "0")
        simulator = self._child(
            "simulator", *_MANAGE, "notion_sim", "--port", str(self.port + 1),
            "--file", str(self.folder.workspace), "--public-url", self._address(self.port + 1),
            "--google", str(self.folder.google),
        )  # fmt: skip
        wait_for_port(simulator, self.port + 1)
        if not is_kept:
            self._say("Filling the demo for today, which takes about a minute …")
            extra = ["--data", str(self.data)] if self.data else []
            self._do(
                "fill_demo", "--simulator", str(self.folder.workspace), "--sign-in", str(self.folder.sign_in),
                *extra,
            )  # fmt: skip
            self.folder.mark_filled(stamp)
        self._child("queue", *_MANAGE, "queue")
        web = self._child(
            "web", sys.executable, "-m", "gunicorn", "csm_portal.wsgi", "--bind", f"127.0.0.1:{self.port}",
            "--workers", "2", "--threads", "4", "--access-logfile", "-",
        )  # fmt: skip
        wait_for_port(web, self.port)
        self._say(self.folder.sign_in.read_text().replace("{address}", self._address(self.port)))
        self._say("Ctrl-C stops everything.")

    def _watch(self) -> None:
        """Wait until a server ends. A queue that ended is started again, as a supervisor would."""
        while True:
            time.sleep(1)
            for child in self.children:
                if not child.has_ended:
                    continue
                if child.name != "queue":
                    raise DidNotStart(f"The {child.name} ended by itself. Its output is in {child.log}.")
                child.stop()
                child.start()

    def _child(self, name: str, *command: str) -> Child:
        started = Child(name=name, command=command, environment=self.environment, log=self.folder.log(name))
        self.children.append(started)
        started.start()
        return started

    def _do(self, *command: str) -> None:
        # In a session of its own: Ctrl-C reaches the supervisor alone, which ends what it waits for.
        done = subprocess.run(  # noqa: S603 (commands of our own)
            [*_MANAGE, *command], env=self.environment, check=False, start_new_session=True,
            preexec_fn=end_with_parent,
        )  # fmt: skip
        if done.returncode < 0:
            raise CommandError(f"“{command[0]}” was killed before its end. Start the demo again.")
        if done.returncode != 0:
            # The command has said why.
            raise SystemExit(1)

    def _say(self, words: str) -> None:
        self.command.stdout.write(words)
        self.command.stdout.flush()

    def _stamp(self) -> str:
        """Return what the fill depends on: the day that its dates count from, the port in its links, the file's content."""
        parts = [datetime.now().astimezone().date().isoformat(), str(self.port)]
        if self.data is not None:
            parts += [str(self.data), hashlib.sha256(self.data.read_bytes()).hexdigest()]
        return "\n".join(parts)

    def _address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _environment(self) -> dict[str, str]:
        google = f"{self._address(self.port + 1)}/google"
        return {
            **os.environ,
            "CSM_ENV_FILE": str(self.folder.keys()),
            "CSM_DEMO": "1",
            "CSM_LOG_LEVEL": "WARNING",
            "DATABASE_URL": f"sqlite:///{self.folder.database}",
            "CSM_PUBLIC_URL": self._address(self.port),
            "NOTION_BASE_URL": self._address(self.port + 1),
            "GMAIL_BASE_URL": google,
            "CHAT_BASE_URL": google,
            "GOOGLE_TOKEN_URL": f"{google}/token",
            "GOOGLE_CONSENT_URL": f"{google}/o/oauth2/v2/auth",
            "CSM_LOCAL_WEBHOOKS": "1",
            "PYTHONUNBUFFERED": "1",
        }
