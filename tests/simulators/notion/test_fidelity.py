"""The measure of how much the simulator is like the real one: it finds what differs, and finds nothing."""

import pytest

from benchmarks.soak import fidelity
from benchmarks.soak.measured import Size
from tests.simulators.notion import api_schema

pytestmark = [api_schema.needs_recordings, pytest.mark.one_database]


def test_recorded_pages_and_data_sources_come_out_alike() -> None:
    figures = list(fidelity.run(Size.SAMPLE))

    assert [figure.line() for figure in figures if not figure.is_reached] == []
    assert sum("page property" in figure.what for figure in figures) >= 18
    assert sum("of a data source" in figure.what for figure in figures) >= 15


def test_a_difference_is_found_however_deep_it_lies() -> None:
    theirs = {"id": "a", "people": [{"name": "Jo"}, {"name": None, "bot": {}}], "has_more": False}
    comparison = fidelity.Comparison()
    comparison.hold(theirs, theirs)
    assert (comparison.share, comparison.differences()) == (1.0, [])

    comparison.hold(theirs, {"id": 7, "people": [{"name": "Jo"}], "has_more": False})

    assert comparison.differences() == [
        "missing id: string (1×)",
        "missing people[].bot: object (1×)",
        "missing people[].name: null (1×)",
        "added id: number (1×)",
    ]
    assert comparison.share == 13 / 17
