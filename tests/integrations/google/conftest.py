from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.google import LocalGoogle, local_google


@pytest.fixture
def google(tmp_path: Path) -> Iterator[LocalGoogle]:
    with local_google(tmp_path) as served:
        yield served
