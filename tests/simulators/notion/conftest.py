"""A workspace with a clock of its own, and the real SDK to talk to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from logging import CRITICAL, getLogger
from pathlib import Path
from typing import Any

import httpx
import notion_client
import pytest

from csm_portal.simulators.notion import app, seed
from csm_portal.simulators.notion.store import Store
from tests.simulators.notion.control import Control

Connect = Callable[..., notion_client.Client]


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 18, 9, 30, 42, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator(tmp_path: Path, clock: Clock) -> Iterator[app.App]:
    made = app.create_app(tmp_path / "x", store=Store(tmp_path / "notion.sqlite3", clock=clock, seed=7))
    yield made
    made.close()


@pytest.fixture
def workspace(simulator: app.App) -> seed.Workspace:
    return seed.create_workspace(simulator.store, name="Northwind")


@pytest.fixture
def control(simulator: app.App) -> Control:
    return Control(simulator)


@pytest.fixture
def connect(simulator: app.App) -> Connect:
    """Give a client of the real SDK for a token, straight to the application."""

    def client(token: str | None, **options: Any) -> notion_client.Client:
        settings = {"notion_version": "2026-03-11", "retry": False, "base_url": "http://simulator"}
        return notion_client.Client(
            auth=token,
            client=httpx.Client(transport=httpx.WSGITransport(simulator)),
            logger=getLogger("tests.simulators"),
            log_level=CRITICAL,
            **(settings | options),
        )

    return client


@pytest.fixture
def notion(connect: Connect, workspace: seed.Workspace) -> notion_client.Client:
    return connect(workspace.token)


def text(words: str) -> list[dict[str, Any]]:
    """Return rich text as a request holds it."""
    return [{"text": {"content": words}}]


def paragraph(words: str) -> dict[str, Any]:
    return {"paragraph": {"rich_text": text(words)}}
