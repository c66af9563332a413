"""Deliveries at the size of a test: a few workers killed, on every channel."""

from collections.abc import Callable
from types import ModuleType

from benchmarks.soak import deliveries
from benchmarks.soak.measured import Measured


def test_each_message_arrives_once_or_says_that_it_may_have_come_twice(
    sampled: Callable[[ModuleType], list[Measured]],
) -> None:
    assert len(sampled(deliveries)) >= 9
