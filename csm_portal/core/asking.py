"""The one way to ask a model (SPEC 5.5, 10.5, CHECK 20): whatever it does, whoever asked gets a usable answer or a reason.

A call is written down and counted against the tenant's caps before it is made. An answer in the wrong form, or
one that does not pass the caller's check, is asked for once more with what was wrong; then the caller's own
text has to do. Ask outside a transaction: a call takes seconds.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel

from csm_portal.core import acting, allowances
from csm_portal.core.allowances import MICROS, OverCap, Reservation
from csm_portal.core.models import CallOutcome, Job, ModelAllowance, ModelCall, User
from csm_portal.ports import answers, untrusted
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import (
    LONGEST_CALL_SECONDS,
    MOST_TOKENS,
    Price,
    Priced,
    Writer,
    Writers,
    Writing,
    WritingTask,
)

log = structlog.get_logger(__name__)

MOST_CALLS: Final = 2
_COST_PLACES: Final = Decimal("0.000001")

Answer = TypeVar("Answer", bound=BaseModel)


class Reason(StrEnum):
    """Why there is no answer of a model."""

    NO_MODEL = "no_model"
    OVER_CAP = "over_cap"
    FAILED = "failed"
    UNUSABLE = "unusable"
    REJECTED = "rejected"


def no_objection(answer: Any) -> Sequence[str]:
    """Have nothing against any answer."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Answer]):
    """What is asked: for which purpose (``qbr``, ``churn_risk``, ...), in which words, and for what kind of answer.

    ``answer`` is a Pydantic model; its JSON schema belongs into the prompt, put there by whoever wrote that.
    ``check`` returns what is wrong with an answer of the right form, a sentence each that the model is told; none
    is a pass. ``material`` are the facts as plain values, for the templates and for the hash of the inputs.
    """

    purpose: str
    system: str
    prompt: str
    answer: type[Answer]
    check: Callable[[Answer], Sequence[str]] = no_objection
    material: Mapping[str, Any] = field(default_factory=dict)

    def task(self, prompt: str) -> WritingTask:
        """Return what a writer is given. Characters that nobody can see never leave the portal."""
        return WritingTask(
            kind=self.purpose,
            system=untrusted.clean(self.system),
            prompt=untrusted.clean(prompt),
            schema=self.answer.model_json_schema(),
            material=self.material,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Generic[Answer]):
    """A checked answer by ``author``, or the reason why there is none.

    ``trouble`` is a sentence for people where something went wrong, "" where not: also where no model is set.
    Tokens, cost (US dollars) and seconds are those of all calls together, None where nobody told. ``refused`` are the
    texts that could not be used as they are, in order, each that of the call at its place: for a caller who can use a
    part of one, and then says so (``used_in_part``).
    """

    answer: Answer | None
    author: str = ""
    reason: Reason | None = None
    trouble: str = ""
    calls: tuple[UUID, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: Decimal | None = None
    seconds: float = 0.0
    refused: tuple[str, ...] = ()


def ask(
    question: Question[Answer],
    *,
    writers: Writers,
    now: datetime,
    actor: User | None = None,
    job: Job | None = None,
    run_id: UUID | None = None,
    about: str = "",
) -> Answered[Answer]:
    """Ask the model that is set, at most twice, and return a checked answer or the reason why there is none.

    Call it in the tenant's scope. ``actor`` is the person who wanted it, ``job`` and ``run_id`` what it is part of,
    ``about`` the row that it is about (``qbr.qbr:<id>``). Raises nothing that a model or its provider can cause.
    """
    if writers.first is writers.fallback:
        return Answered(answer=None, reason=Reason.NO_MODEL)
    asker = _Asker(
        writer=writers.first,
        allowance=allowances.in_force(),
        now=now,
        row={"asked_by": actor, "job": job, "run_id": run_id or acting.run_id(), "about": about[:100]},
    )
    return asker.ask(question)


def used_in_part(call: UUID, *, parts: int, of: int, called: str) -> None:
    """Write down that ``parts`` of the ``of`` sections (or whatever they are ``called``) of a refused answer were used."""
    is_whole = parts >= of
    ModelCall.objects.filter(pk=call).update(
        outcome=CallOutcome.ANSWERED if is_whole else CallOutcome.PARTLY,
        trouble="" if is_whole else f"Used: {parts} of {of} {called}.",
    )


@dataclass(slots=True, kw_only=True)
class _Asker:
    """One question's calls, and what they came to."""

    writer: Writer
    allowance: ModelAllowance
    now: datetime
    row: Mapping[str, Any]
    made: list[ModelCall] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def ask(self, question: Question[Answer]) -> Answered[Answer]:
        prompt, reason, trouble = question.prompt, Reason.UNUSABLE, ""
        for attempt in range(1, MOST_CALLS + 1):
            task = question.task(prompt)
            writing, failure = self._call(question, task, attempt)
            if writing is None:
                reason, trouble = (
                    Reason.OVER_CAP if isinstance(failure, OverCap) else Reason.FAILED,
                    str(failure),
                )
                break
            answer, reason, errors = self._read(question, writing)
            if answer is not None:
                self._note(outcome=CallOutcome.ANSWERED)
                return self._answered(answer, author=writing.author)
            self._note(outcome=CallOutcome(reason.value))
            self.refused.append(_text(writing))
            log.warning(
                "model_answer_refused", purpose=question.purpose, model=self.writer.name, errors=len(errors)
            )
            trouble = _twice(self.writer.name, reason)
            prompt = answers.again(question.prompt, _text(writing), errors)
        return self._answered(None, reason=reason, trouble=trouble)

    def _read(
        self, question: Question[Answer], writing: Writing
    ) -> tuple[Answer | None, Reason, Sequence[str]]:
        parsed = answers.parse(_text(writing), question.answer)
        if parsed.answer is None:
            return None, Reason.UNUSABLE, parsed.errors
        try:
            objections = question.check(parsed.answer)
        except Exception:
            # A check that stumbles over an answer has not passed it.
            log.exception("model_answer_check_failed", purpose=question.purpose)
            objections = ("The answer could not be checked; keep to plain sentences.",)
        return (None, Reason.REJECTED, objections) if objections else (parsed.answer, Reason.REJECTED, ())

    def _call(
        self, question: Question[Answer], task: WritingTask, attempt: int
    ) -> tuple[Writing | None, Exception | None]:
        """Make one call: counted and written down before, its outcome after."""
        price = self._price()
        tokens = len(f"{task.system}{task.prompt}".encode()) + MOST_TOKENS
        try:
            reservation = allowances.reserve(
                self.allowance, tokens=tokens, cost_micros=_micros(_cost(price, tokens, MOST_TOKENS)) or 0, now=self.now
            )  # fmt: skip
        except OverCap as error:
            self._write_down(question, task, attempt, outcome=CallOutcome.OVER_CAP, trouble=str(error)[:300])
            log.warning("model_over_cap", purpose=question.purpose, model=self.writer.name)
            return None, error
        self._write_down(question, task, attempt)
        started = time.monotonic()
        try:
            writing = self.writer.write(task, timeout_seconds=LONGEST_CALL_SECONDS)
        except Exception as error:
            return None, self._failed(error, reservation, time.monotonic() - started)
        self._came_to(writing, reservation, price, time.monotonic() - started)
        return writing, None

    def _failed(self, error: Exception, reservation: Reservation, seconds: float) -> PortError:
        if isinstance(error, PortError):
            failure = error
            log.warning("model_call_failed", model=self.writer.name, trouble=error.trouble)
        else:
            failure = PortError(
                f"Asking the model {self.writer.name} failed; the log has the rest.",
                trouble=Trouble.UNAVAILABLE,
                permanent=False,
            )
            log.error("model_call_failed", model=self.writer.name, exc_info=error)
        # A provider charges for what was cut off or came too late, and does not say how much: the most it can be stays.
        is_charged = failure.trouble is Trouble.BAD_ANSWER or seconds >= 0.9 * LONGEST_CALL_SECONDS
        if not is_charged:
            allowances.settle(reservation, tokens=0, cost_micros=0)
        self._note(outcome=CallOutcome.FAILED, trouble=str(failure)[:300], seconds=seconds)
        return failure

    def _came_to(
        self, writing: Writing, reservation: Reservation, price: Price | None, seconds: float
    ) -> None:
        read, written = _whole(writing.prompt_tokens), _whole(writing.completion_tokens)
        total = None if read is None or written is None else read + written
        cost = _dollars(writing.cost_usd)
        if read is not None and written is not None and (cost is None or self._has_own_price):
            cost = _cost(price, read + written, written)
        allowances.settle(reservation, tokens=total, cost_micros=_micros(cost))
        self._note(prompt_tokens=read, completion_tokens=written, cost_usd=cost, seconds=seconds)
        log.info(
            "model_called", model=self.writer.name, prompt_tokens=read, completion_tokens=written,
            cost_usd=None if cost is None else str(cost), seconds=round(seconds, 2),
        )  # fmt: skip

    @property
    def _has_own_price(self) -> bool:
        return self.allowance.prompt_price is not None and self.allowance.completion_price is not None

    def _price(self) -> Price | None:
        """Return what a token costs: as an admin entered it, else as the writer knows it."""
        if self.allowance.prompt_price is not None and self.allowance.completion_price is not None:
            return Price(
                prompt=float(self.allowance.prompt_price) / MICROS,
                completion=float(self.allowance.completion_price) / MICROS,
            )
        return self.writer.price() if isinstance(self.writer, Priced) else None

    def _write_down(
        self, question: Question[Answer], task: WritingTask, attempt: int, **columns: Any
    ) -> None:
        self.made.append(
            ModelCall.objects.create(
                purpose=question.purpose[:40],
                model=self.writer.name[:200],
                attempt=attempt,
                prompt_hash=_hash(f"{task.system}\0{task.prompt}"),
                inputs_hash=_hash(json.dumps(question.material, sort_keys=True, default=str)),
                at=self.now,
                **{**self.row, **columns},
            )
        )

    def _note(self, **columns: Any) -> None:
        call = self.made[-1]
        for name, value in columns.items():
            setattr(call, name, value)
        call.save(update_fields=list(columns))

    def _answered(
        self, answer: Answer | None, *, author: str = "", reason: Reason | None = None, trouble: str = ""
    ) -> Answered[Answer]:
        return Answered(
            answer=answer,
            author=author,
            reason=reason,
            trouble=trouble,
            calls=tuple(call.pk for call in self.made),
            prompt_tokens=_total(call.prompt_tokens for call in self.made),
            completion_tokens=_total(call.completion_tokens for call in self.made),
            cost_usd=_total(call.cost_usd for call in self.made),
            seconds=sum(call.seconds or 0.0 for call in self.made),
            refused=tuple(self.refused),
        )


def _twice(model: str, reason: Reason) -> str:
    if reason is Reason.REJECTED:
        return f"{model} answered twice with a text that did not pass the check."
    return f"{model} answered twice in a form that cannot be used."


def _text(writing: Writing) -> str:
    return writing.text if isinstance(writing.text, str) else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _cost(price: Price | None, tokens: int, written: int) -> Decimal | None:
    """Return what so many tokens cost, ``written`` of them by the model."""
    if price is None:
        return None
    return _dollars(price.prompt * (tokens - written) + price.completion * written)


def _dollars(amount: float | None) -> Decimal | None:
    if amount is None or not math.isfinite(amount) or not 0 <= amount < MICROS:
        return None
    return Decimal(str(amount)).quantize(_COST_PLACES)


def _micros(cost: Decimal | None) -> int | None:
    return None if cost is None else int(cost * MICROS)


def _whole(count: int | None) -> int | None:
    """Return a count as a provider told it, None where it makes no sense."""
    return count if isinstance(count, int) and 0 <= count < 2**31 else None


def _total(values: Any) -> Any:
    """Return the sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
