"""Serve the Notion simulator (docs/simulator.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from csm_portal.simulators.google import app as google_app
from csm_portal.simulators.google import beside
from csm_portal.simulators.notion import app, errors, server, store


class Command(BaseCommand):
    help = "Serve a local look-alike of the Notion API on 127.0.0.1. Its state is one file; restarting loses nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8090, help="port on 127.0.0.1 (default 8090; 0 for a free one)"
        )
        parser.add_argument(
            "--file", default="var/notion.sqlite3", help="state file (default var/notion.sqlite3)"
        )
        parser.add_argument(
            "--public-url", help="address that the links of pages lead to (default: this server)"
        )

        parser.add_argument(
            "--latency", type=int, default=0, help="milliseconds that an answer takes at least (default 0)"
        )
        parser.add_argument(
            "--budget", type=int, help="requests of one token in 60 seconds, 429 beyond (default: no limit)"
        )
        parser.add_argument(
            "--google",
            help="serve the local Gmail and Chat below /google too, with this state file (google_sim)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            simulator = app.create_app(path)
        except OSError as error:
            raise CommandError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
        except store.CannotOpen as error:
            raise CommandError(str(error)) from error
        self._set(simulator, "latency", {"milliseconds": options["latency"]})
        if options["budget"] is not None:
            self._set(simulator, "budget", {"requests": options["budget"], "seconds": 60})
        served: server.App = simulator
        if options["google"]:
            served = beside.Beside(simulator, google_app.create_app(options["google"]))
        try:
            listener = server.listen(served, port=options["port"])
        except server.PortTaken as error:
            raise CommandError(str(error)) from error
        address = f"http://{server.HOST}:{listener.server_port}"
        simulator.public_url = (options["public_url"] or address).rstrip("/")
        self.stdout.write(f"The Notion simulator answers at {address} and keeps its state in {path}.")
        self.stdout.flush()
        server.serve(served, listener)
        self.stdout.write("The Notion simulator has stopped.")

    def _set(self, simulator: app.App, name: str, asked: dict[str, Any]) -> None:
        try:
            simulator.control.answer("POST", f"/_sim/{name}", asked)
        except errors.ApiError as error:
            raise CommandError(f"--{name} does not fit: {error}") from error
