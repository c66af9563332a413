"""Serve the local Gmail and Chat (docs/alerts-delivery.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from csm_portal.simulators.google import chat
from csm_portal.simulators.google.app import create_app
from csm_portal.simulators.notion import server


class Command(BaseCommand):
    help = (
        "Serve a local stand-in for Gmail drafts, Google Chat, Google's tokens and consent page, and a receiver of "
        "webhooks, on 127.0.0.1 until Ctrl-C. Nothing leaves this machine. Its first page shows what has arrived."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8091, help="port on 127.0.0.1 (default 8091; 0 for a free one)"
        )
        parser.add_argument(
            "--file", default="var/google.sqlite3", help="state file (default var/google.sqlite3)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            simulator = create_app(path)
            listener = server.listen(simulator, port=options["port"])
        except (OSError, server.PortTaken) as error:
            raise CommandError(str(error)) from error
        address = f"http://{server.HOST}:{listener.server_port}"
        simulator.public_url = address
        self.stdout.write(
            f"Gmail and Chat are simulated at {address}, with their state in {path}.\n"
            f"For .env: GMAIL_BASE_URL={address} CHAT_BASE_URL={address} GOOGLE_TOKEN_URL={address}/token "
            f"GOOGLE_CONSENT_URL={address}/o/oauth2/v2/auth CSM_LOCAL_WEBHOOKS=1\n"
            f"A chat webhook: {chat.webhook_url(address, 'spaces/DEMO')}\nA receiver of events: {address}/receiver"
        )
        self.stdout.flush()
        server.serve(simulator, listener)
        self.stdout.write("The simulated Gmail and Chat have stopped.")
