import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.integrations.notion.pacing import Pacer
from csm_portal.ports.errors import PortError
from tests.integrations.clock import FakeTime


@given(
    budget=st.integers(min_value=1, max_value=20),
    pauses=st.lists(st.floats(min_value=0, max_value=30), max_size=60),
)
def test_no_minute_holds_more_requests_than_the_budget(budget, pauses):
    time = FakeTime()
    gate = Pacer(budget, clock=time.now, sleep=time.sleep)
    sent = []
    for pause in pauses:
        time.seconds += pause
        gate.admit()
        sent.append(time.now())

    for place in range(budget, len(sent)):
        assert sent[place] - sent[place - budget] >= 60 - 1e-6


def test_the_whole_budget_is_there_at_once():
    time = FakeTime()
    gate = Pacer(180, clock=time.now, sleep=time.sleep)

    assert sum(gate.admit() for _ in range(180)) == 0
    assert gate.admit() == pytest.approx(60)


def test_nobody_passes_while_notion_asks_to_wait():
    time = FakeTime()
    gate = Pacer(180, clock=time.now, sleep=time.sleep)
    gate.hold(30)
    gate.hold(5)

    assert gate.admit() == pytest.approx(30)


def test_a_wait_beyond_the_patience_is_refused_at_once():
    time = FakeTime()
    gate = Pacer(1, clock=time.now, sleep=time.sleep)
    gate.admit()

    with pytest.raises(PortError, match="in about 1 minute"):
        gate.admit(patience=30)

    assert time.slept == []


def test_a_budget_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one request"):
        Pacer(0)
