"""Publishing at the size of a test: each point to die at once, each kind of doubtful answer once."""

from collections.abc import Callable
from types import ModuleType

from benchmarks.soak import publishing
from benchmarks.soak.measured import Measured


def test_a_review_is_published_once_and_whole_whoever_dies(
    sampled: Callable[[ModuleType], list[Measured]],
) -> None:
    sampled(publishing)
