"""The checks of ``make soak`` at the size that a test can afford."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks.soak import ground
from benchmarks.soak.measured import Measured, Size


@pytest.fixture
def sampled(transactional_db: Any, tmp_path: Path) -> Callable[[ModuleType], list[Measured]]:
    """Return a function that runs a subject's sample on a database of its own and fails where a figure falls short."""

    def run(subject: ModuleType) -> list[Measured]:
        with ground.own_database(subject.__name__.rsplit(".", 1)[-1], folder=tmp_path):
            figures = list(subject.run(Size.SAMPLE))
        assert figures
        assert not [figure for figure in figures if not figure.is_reached]
        return figures

    return run
