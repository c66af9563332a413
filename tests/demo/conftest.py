"""The simulator that the demo's fill talks to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served, served


@pytest.fixture
def simulator(tmp_path: Path, settings: Any) -> Iterator[Served]:
    """A simulator on a socket, where the portal looks for Notion."""
    with served(tmp_path / "notion.sqlite3") as one:
        settings.NOTION_BASE_URL = one.address
        yield one
