"""The one way to ask a model: whatever it says or does, whoever asked has an answer or a reason, and a row says what it cost."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from csm_portal import wiring
from csm_portal.core import asking
from csm_portal.core.asking import Reason
from csm_portal.core.models import CallOutcome, ModelAllowance, ModelCall, ModelUsage, Tenant, User
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import Price, Writing, WritingTask
from tests.factories import NOW

pytestmark = pytest.mark.django_db

GOOD = json.dumps({"advice": "Call them."})
SECRET = "Jonas wants the forecasts before summer"


class Advice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    advice: str


@dataclass
class Said:
    """A model that says what it is told to, in turn; an exception is raised instead."""

    says: Sequence[Any]
    name: str = "a-model"
    told: tuple[int | None, int | None, float | None] = (100, 20, 0.004)
    asked: list[WritingTask] = field(default_factory=list)

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        said = self.says[len(self.asked)]
        self.asked.append(task)
        assert timeout_seconds <= 60
        if isinstance(said, Exception):
            raise said
        read, written, cost = self.told
        return Writing(
            text=said, author=self.name, is_template=False, prompt_tokens=read, completion_tokens=written, cost_usd=cost
        )  # fmt: skip


class PricedModel(Said):
    def price(self) -> Price | None:
        return Price(prompt=0.001, completion=0.002)


def ask(model: Any, *, check: Any = asking.no_objection, prompt: str = SECRET, **about: Any) -> Any:
    question = asking.Question(
        purpose="advice", system="You advise.", prompt=prompt, answer=Advice, check=check, material={"seats": 62}
    )  # fmt: skip
    fallback = wiring.writers().fallback
    return asking.ask(
        question, writers=wiring.Writers(first=model, fallback=fallback), **{"now": NOW, **about}
    )


def test_an_answer_comes_with_what_it_cost(scoped: Tenant, alice: User) -> None:
    asked = ask(Said([GOOD]), actor=alice, about="accounts.account:1")

    assert (asked.answer, asked.author, asked.reason, asked.trouble) == (
        Advice(advice="Call them."),
        "a-model",
        None,
        "",
    )
    call = ModelCall.objects.get()
    assert asked.calls == (call.pk,)
    assert (call.purpose, call.outcome, call.asked_by) == ("advice", CallOutcome.ANSWERED, alice)
    assert (call.prompt_tokens, call.completion_tokens, call.cost_usd) == (100, 20, Decimal("0.004"))
    assert len(call.prompt_hash) == len(call.inputs_hash) == 64


def test_the_ledger_holds_no_word_of_prompt_or_answer(scoped: Tenant) -> None:
    ask(Said(["a secret answer", GOOD]))

    rows = json.dumps(list(ModelCall.objects.values()), default=str)
    assert ModelCall.objects.count() == 2
    assert not any(text in rows for text in (SECRET, "secret answer", "Call them", "You advise"))


def test_where_no_model_is_set_nothing_is_asked_and_nothing_is_wrong(scoped: Tenant) -> None:
    templates = wiring.writers().fallback

    question = asking.Question(purpose="advice", system="", prompt=SECRET, answer=Advice)

    asked = asking.ask(question, writers=wiring.Writers(first=templates, fallback=templates), now=NOW)

    assert (asked.answer, asked.reason, asked.trouble, asked.calls) == (None, Reason.NO_MODEL, "", ())
    assert not ModelCall.objects.exists()


@pytest.mark.parametrize(
    "wrapped", [f"Sure!\n```json\n{GOOD}\n```\nAnything else?", f"```\n{GOOD}```", f"{{not json}} {GOOD}"]
)
def test_fences_and_prose_around_the_answer_are_tolerated(wrapped: str, scoped: Tenant) -> None:
    assert ask(Said([wrapped])).answer == Advice(advice="Call them.")


def test_one_repair_round_is_told_what_was_wrong(scoped: Tenant) -> None:
    model = Said(['{"advice": 7}', GOOD])

    asked = ask(model)

    assert asked.answer is not None
    assert "advice: Input should be a valid string" in model.asked[1].prompt
    assert [call.outcome for call in ModelCall.objects.order_by("attempt")] == ["unusable", "answered"]
    assert (asked.prompt_tokens, asked.cost_usd) == (200, Decimal("0.008"))


@pytest.mark.parametrize(
    "nonsense", ["I cannot help with that.", '["advice"]', '{"advice": "a", "and": "b"}', "{", "", None, 7]
)
def test_refusals_nonsense_and_wrong_types_end_after_two_tries(nonsense: Any, scoped: Tenant) -> None:
    model = Said([nonsense] * 3)

    asked = ask(model)

    assert (asked.answer, asked.reason) == (None, Reason.UNUSABLE)
    assert "answered twice in a form that cannot be used" in asked.trouble
    assert asked.refused == (nonsense if isinstance(nonsense, str) else "",) * 2
    assert len(model.asked) == 2


def test_an_answer_that_fails_the_check_is_repaired_or_refused(scoped: Tenant) -> None:
    def check(answer: Advice) -> list[str]:
        return ["“Call” is no word of ours."] if "Call" in answer.advice else []

    repaired = Said([GOOD, '{"advice": "Write to them."}'])
    stubborn = Said([GOOD, GOOD])

    assert ask(repaired, check=check).answer == Advice(advice="Write to them.")
    assert "“Call” is no word of ours." in repaired.asked[1].prompt
    refused = ask(stubborn, check=check)
    assert (refused.answer, refused.reason) == (None, Reason.REJECTED)
    assert "did not pass the check" in refused.trouble


def test_a_check_that_stumbles_has_not_passed(scoped: Tenant) -> None:
    def check(answer: Advice) -> list[str]:
        raise ZeroDivisionError

    assert ask(Said([GOOD, GOOD]), check=check).reason is Reason.REJECTED


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PortError("It is down.", trouble=Trouble.UNAVAILABLE, permanent=False), "It is down."),
        (TimeoutError(), "Asking the model a-model failed; the log has the rest."),
        (KeyError("x"), "Asking the model a-model failed; the log has the rest."),
    ],
)
def test_a_model_that_fails_is_a_reason_and_costs_nothing(
    error: Exception, sentence: str, scoped: Tenant
) -> None:
    asked = ask(Said([error]))

    assert (asked.answer, asked.reason, asked.trouble) == (None, Reason.FAILED, sentence)
    call = ModelCall.objects.get()
    assert (call.outcome, call.trouble, call.prompt_tokens) == (CallOutcome.FAILED, sentence, None)
    assert set(ModelUsage.objects.values_list("calls", "tokens", "cost_micros")) == {(1, 0, 0)}


def test_what_nobody_can_see_never_leaves(scoped: Tenant) -> None:
    model = Said([GOOD])

    ask(model, prompt="app\u200brove\U000e0041 this")

    assert model.asked[0].prompt == "approve this"


def test_what_was_used_counts_for_the_local_day_and_month(scoped: Tenant) -> None:
    ask(Said([GOOD]))
    ask(Said([GOOD]), now=NOW + timedelta(days=1))

    found = ModelUsage.objects.order_by("period", "starts_on").values_list(
        "period", "calls", "tokens", "cost_micros"
    )
    assert list(found) == [("day", 1, 120, 4_000), ("day", 1, 120, 4_000), ("month", 2, 240, 8_000)]


@pytest.mark.parametrize(
    ("cap", "sentence"),
    [
        ({"calls_per_day": 2}, "2 calls is what may be used today"),
        ({"calls_per_month": 2}, "2 calls is what may be used this month"),
        ({"tokens_per_day": 240}, "240 tokens is what may be used today"),
        ({"cost_per_month": Decimal("0.01")}, "0.01 US dollars is what may be used this month"),
    ],
)
def test_over_a_cap_nothing_is_asked_and_a_sentence_says_why(
    cap: dict[str, Any], sentence: str, scoped: Tenant
) -> None:
    ModelAllowance.objects.create(**cap)
    model = PricedModel([GOOD] * 9, told=(100, 20, 0.005))

    asked = [ask(model) for _ in range(4)]

    assert [one.reason for one in asked] == [None, None, Reason.OVER_CAP, Reason.OVER_CAP]
    assert sentence in asked[2].trouble
    assert len(model.asked) == 2
    assert ModelCall.objects.filter(outcome=CallOutcome.OVER_CAP).count() == 2


def test_the_next_day_has_its_own_room(scoped: Tenant) -> None:
    ModelAllowance.objects.create(calls_per_day=1)
    model = Said([GOOD] * 9)

    reasons = [ask(model, now=NOW + timedelta(days=days)).reason for days in (0, 0, 1)]

    assert reasons == [None, Reason.OVER_CAP, None]


def test_a_cap_of_nothing_asks_nothing(scoped: Tenant) -> None:
    ModelAllowance.objects.create(calls_per_day=0)

    assert ask(Said([GOOD])).reason is Reason.OVER_CAP


def test_a_price_that_an_admin_entered_holds_for_models_that_tell_none(scoped: Tenant) -> None:
    ModelAllowance.objects.create(prompt_price=Decimal(2), completion_price=Decimal(10))

    asked = ask(Said([GOOD], told=(1_000_000, 100_000, None)))

    assert asked.cost_usd == Decimal(3)


@pytest.mark.parametrize(
    "told", [(None, None, None), (-5, 20, float("nan")), (100, 2**40, -1.0), ("7", 1, 1e12)]
)
def test_figures_that_make_no_sense_are_unknown_and_the_reservation_stays(
    told: tuple[Any, Any, Any], scoped: Tenant
) -> None:
    asked = ask(Said([GOOD], told=told))

    assert asked.answer is not None
    assert asked.cost_usd is None
    assert ModelUsage.objects.filter(tokens__gte=4_000).count() == 2


def test_an_answer_that_was_cut_off_is_charged(scoped: Tenant) -> None:
    cut = PortError("It was cut off.", trouble=Trouble.BAD_ANSWER, permanent=False)

    ask(Said([cut]))

    assert ModelUsage.objects.filter(tokens__gte=4_000).count() == 2
