"""The one retry layer of an adapter (SPEC 2.4): exponential back-off with jitter, Retry-After in full.

Whether a call may be made again is for the error to say: a ``PortError`` that is neither permanent nor
perhaps already written is tried again, everything else goes to the caller at once. So an adapter
classifies an answer once, where it reads it.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from csm_portal.ports.errors import PortError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long to try.

    ``attempts`` counts the first call. Without a Retry-After the wait before attempt n is drawn from
    half to all of ``first_wait * 2 ** (n - 2)`` seconds, at most ``longest_wait``. A call that would have
    to wait for more than ``patience`` seconds in all gives up instead of sleeping, and its error carries
    the wait that was asked for.
    """

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 30.0
    # Two minutes twice, and still within the five that the queue gives a job.
    patience: float = 250.0


def call(
    operation: Callable[[], T],
    *,
    policy: RetryPolicy = RetryPolicy(),
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
    on_wait: Callable[[PortError, float], None] | None = None,
) -> T:
    """Return what ``operation`` returns, calling it again while its error allows.

    ``on_wait`` is told of each wait before it begins. Raises the last PortError.
    """

    def seconds_before_next(state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        if error.retry_after is not None:
            # A little later than asked for, never earlier, so that many waiters do not return as one.
            return error.retry_after + 0.5 * jitter()
        whole = min(policy.first_wait * 2.0 ** (state.attempt_number - 1), policy.longest_wait)
        return whole * (0.5 + 0.5 * jitter())

    def is_out_of_patience(state: tenacity.RetryCallState) -> bool:
        return (
            state.attempt_number >= policy.attempts or state.idle_for + state.upcoming_sleep > policy.patience
        )

    def announce(state: tenacity.RetryCallState) -> None:
        if on_wait is not None:
            on_wait(_error_of(state), state.upcoming_sleep)

    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_be_made_again),
        wait=seconds_before_next,
        stop=is_out_of_patience,
        sleep=sleep,
        before_sleep=announce,
        reraise=True,
    )
    return again(operation)


def seconds_to_wait(header: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None if it is absent or makes no sense.

    Takes both forms of RFC 9110, 10.2.3: a number of seconds and an HTTP date.
    """
    if not header:
        return None
    text = header.strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _may_be_made_again(error: BaseException) -> bool:
    return isinstance(error, PortError) and not error.permanent and not error.maybe_written


def _error_of(state: tenacity.RetryCallState) -> PortError:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, PortError):
        raise TypeError("Only a PortError is ever retried.")
    return error
