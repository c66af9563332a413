from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.integrations import retrying
from csm_portal.integrations.retrying import RetryPolicy
from csm_portal.ports.errors import PortError, Trouble
from tests.integrations.clock import FakeTime


def trouble(**properties):
    return PortError("It failed.", **{"trouble": Trouble.UNAVAILABLE, "permanent": False, **properties})


class Failing:
    """Fails with each error in turn, then answers."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_what_works_is_called_once_and_waits_for_nothing():
    time, operation = FakeTime(), Failing()

    assert retrying.call(operation, sleep=time.sleep) == "answer"
    assert (operation.calls, time.slept) == (1, [])


@pytest.mark.parametrize("properties", [{"permanent": True}, {"maybe_written": True}])
def test_what_is_permanent_or_perhaps_written_is_never_made_again(properties):
    time, operation = FakeTime(), Failing(trouble(**properties))

    with pytest.raises(PortError):
        retrying.call(operation, sleep=time.sleep)

    assert (operation.calls, time.slept) == (1, [])


def test_another_exception_is_none_of_its_business():
    operation = Failing(KeyError("ours"))

    with pytest.raises(KeyError):
        retrying.call(operation, sleep=FakeTime().sleep)

    assert operation.calls == 1


@given(jitter=st.floats(min_value=0, max_value=1))
def test_waits_double_and_are_never_shorter_than_half(jitter):
    time, operation = FakeTime(), Failing(*[trouble() for _ in range(4)])
    policy = RetryPolicy(attempts=5, first_wait=1, longest_wait=4, patience=100)

    retrying.call(operation, policy=policy, sleep=time.sleep, jitter=lambda: jitter)

    assert len(time.slept) == 4
    for slept, whole in zip(time.slept, [1, 2, 4, 4], strict=True):
        assert whole / 2 <= slept <= whole


@given(asked=st.floats(min_value=0, max_value=150), jitter=st.floats(min_value=0, max_value=1))
def test_a_retry_after_is_waited_for_in_full(asked, jitter):
    time, operation = FakeTime(), Failing(trouble(trouble=Trouble.RATE_LIMITED, retry_after=asked))

    retrying.call(operation, sleep=time.sleep, jitter=lambda: jitter)

    assert asked <= time.slept[0] <= asked + 0.5


def test_it_gives_up_after_the_last_attempt_with_the_last_error():
    errors = [trouble() for _ in range(9)]
    last, time, operation = errors[2], FakeTime(), Failing(*errors)

    with pytest.raises(PortError) as failed:
        retrying.call(operation, policy=RetryPolicy(attempts=3), sleep=time.sleep)

    assert failed.value is last
    assert operation.calls == 3


def test_a_wait_beyond_its_patience_is_handed_to_the_caller_instead():
    time, operation = FakeTime(), Failing(trouble(retry_after=600))

    with pytest.raises(PortError) as failed:
        retrying.call(operation, policy=RetryPolicy(patience=180), sleep=time.sleep)

    assert failed.value.retry_after == 600
    assert (operation.calls, time.slept) == (1, [])


def test_each_wait_is_announced_before_it_begins():
    time, told = FakeTime(), []
    operation = Failing(trouble(retry_after=3))

    retrying.call(
        operation, sleep=time.sleep, on_wait=lambda error, seconds: told.append((error.retry_after, seconds))
    )

    assert told == [(3, time.slept[0])]


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
    ],
)
def test_a_retry_after_header_is_read_in_both_its_forms(header, seconds):
    assert retrying.seconds_to_wait(header, now=NOW) == seconds
