"""Adoption plans: made from the rules, edited, ticked off, drafted, closed; by whom, and what is written down (SPEC 4.4)."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, CoachingPlan, CoachingStep, PlanState
from accounts.services import coaching, coaching_draft, coaching_steps
from accounts.services.coaching_steps import Said
from csm_portal.core.models import AuditEvent, Delivery, Job, Tenant, User
from tests.accounts.said import DOWN, SaidWriter, writers
from tests.conftest import make_member, signed_in
from tests.factories import make_account, make_accounts, make_plan

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
LICENSED = ["Rotas", "Swaps", "Forecasting"]


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def make_idle(owner: User | None = None, **fields: Any) -> Account:
    return make_account(
        **{
            "owner": owner,
            "features_licensed": LICENSED,
            "features_used": ["Rotas"],
            "feature_adoption_rate": Decimal("0.3"),
            "primary_contacts": ["Jana Weiss <jana@halden.example>"],
            **fields,
        }
    )


@pytest.fixture
def account(scoped: Tenant, alice: User) -> Account:
    return make_idle(alice, name="Halden Logistics")


def begin(account: Account, actor: User | None = None, *, now: datetime = NOW) -> CoachingPlan:
    return coaching.begin(account, actor=actor, today=TODAY, now=now)


def steps(plan: CoachingPlan) -> list[CoachingStep]:
    return list(CoachingStep.objects.filter(plan=plan).order_by("position").select_related("plan"))


def said(**fields: Any) -> Said:
    return Said(
        **{
            "title": "Walk the night shift through it",
            "why": "",
            "owner_name": "Jana",
            "due_on": None,
            **fields,
        }
    )


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "pk").values_list("verb", flat=True))


def test_a_plan_is_made_from_the_rules_with_evidence_owner_and_days(account: Account, alice: User) -> None:
    make_accounts(
        11, features_licensed=LICENSED, features_used=LICENSED, feature_adoption_rate=Decimal("0.7")
    )

    plan = begin(account, alice)

    made = steps(plan)
    assert [step.area for step in made] == ["Swaps", "Forecasting", ""]
    assert {step.owner_name for step in made} == {"Alice"}
    assert [step.due_on for step in made] == [date(2026, 5, 19), date(2026, 5, 26), date(2026, 6, 16)]
    sentences = [one["sentence"] for one in made[0].evidence]
    assert sentences == [
        "“Swaps” is licensed and not among the features used.",
        "11 of 11 other accounts of the segment that license “Swaps” use it.",
        "Feature adoption is 30 %; the median of 12 accounts of the segment Mid-Market is 70 %.",
    ]
    assert "(n = 12)" in plan.scope
    assert verbs() == ["coaching.planned"]


def test_nine_comparable_accounts_are_no_benchmark(account: Account, alice: User) -> None:
    make_accounts(8, features_licensed=LICENSED, features_used=LICENSED, feature_adoption_rate=Decimal("0.7"))

    plan = begin(account, alice)

    assert "there is no median to compare" in plan.scope
    assert "median of" not in str([step.evidence for step in steps(plan)])


def test_there_is_one_open_plan_an_account(account: Account, alice: User) -> None:
    first = begin(account, alice)

    assert begin(account, alice) == first
    assert verbs() == ["coaching.planned"]
    with pytest.raises(IntegrityError), transaction.atomic():
        make_plan(account)


def test_where_nothing_calls_for_one_there_is_no_plan_and_it_says_what_was_looked_at(
    scoped: Tenant, alice: User
) -> None:
    fine = make_account(owner=alice, features_licensed=LICENSED, features_used=LICENSED)

    with pytest.raises(
        coaching.NothingToCoach, match=r"Feature adoption is 80 %.*Nothing calls for coaching"
    ):
        begin(fine, alice)
    assert not CoachingPlan.objects.exists()


def test_only_who_looks_after_the_account_and_managers_may(
    account: Account, tenant: Tenant, bob: User
) -> None:
    eve = make_member(tenant, "Eve", is_csm=True)
    with pytest.raises(PermissionDenied):
        begin(account, eve)

    plan = begin(account, bob)
    step = steps(plan)[0]

    for act in (
        lambda: coaching_steps.add(plan, said(), actor=eve, now=NOW),
        lambda: coaching_steps.change(step, said(), version=0, actor=eve, now=NOW),
        lambda: coaching_steps.tick(step, is_done=True, actor=eve, now=NOW),
        lambda: coaching_steps.move(step, by=1, actor=eve, now=NOW),
        lambda: coaching_steps.remove(step, actor=eve, now=NOW),
        lambda: coaching_steps.close(plan, state=PlanState.DROPPED, because="No.", actor=eve, now=NOW),
        lambda: coaching_draft.ask(plan, actor=eve, now=NOW),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert verbs() == ["coaching.planned"]


def test_each_act_of_a_person_is_one_row_of_the_audit_log(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    first, second, last = steps(plan)

    coaching_steps.add(plan, said(), actor=alice, now=NOW)
    coaching_steps.change(first, said(title="Better"), version=0, actor=alice, now=NOW)
    coaching_steps.move(second, by=-1, actor=alice, now=NOW)
    coaching_steps.tick(second, is_done=True, actor=alice, now=NOW)
    coaching_steps.tick(second, is_done=True, actor=alice, now=NOW)
    coaching_steps.tick(second, is_done=False, actor=alice, now=NOW)
    coaching_steps.remove(last, actor=alice, now=NOW)
    coaching_steps.close(plan, state=PlanState.DROPPED, because="They merge.", actor=alice, now=NOW)

    assert verbs() == [
        "coaching.planned", "coaching.step_added", "coaching.step_changed", "coaching.step_moved", "coaching.step_done",
        "coaching.step_undone", "coaching.step_removed", "coaching.closed",
    ]  # fmt: skip
    assert [step.title for step in steps(plan)][1:] == ["Better", "Walk the night shift through it"]
    plan.refresh_from_db()
    assert (plan.state, plan.closed_because) == (PlanState.DROPPED, "They merge.")


def test_the_last_tick_finishes_the_plan_and_taking_one_back_opens_it_again(
    account: Account, alice: User
) -> None:
    plan = begin(account, alice)
    for step in steps(plan):
        coaching_steps.tick(step, is_done=True, actor=alice, now=NOW)
    plan.refresh_from_db()
    assert (plan.state, plan.closed_at) == (PlanState.FINISHED, NOW)

    coaching_steps.tick(steps(plan)[0], is_done=False, actor=alice, now=NOW)
    plan.refresh_from_db()
    assert (plan.state, plan.closed_at) == (PlanState.OPEN, None)

    coaching_steps.tick(steps(plan)[0], is_done=True, actor=alice, now=NOW)
    begin(account, alice)
    with pytest.raises(coaching_steps.NotPossible, match="newer plan"):
        coaching_steps.tick(steps(plan)[0], is_done=False, actor=alice, now=NOW)
    assert steps(plan)[0].done_at == NOW


def test_a_closed_plan_stands_as_it_is(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    coaching_steps.close(plan, state=PlanState.DROPPED, because="They merge.", actor=alice, now=NOW)
    step = steps(plan)[0]

    for act in (
        lambda: coaching_steps.add(plan, said(), actor=alice, now=NOW),
        lambda: coaching_steps.change(step, said(), version=0, actor=alice, now=NOW),
        lambda: coaching_steps.tick(step, is_done=True, actor=alice, now=NOW),
        lambda: coaching_steps.remove(step, actor=alice, now=NOW),
        lambda: coaching_steps.close(plan, state=PlanState.FINISHED, because="Yes.", actor=alice, now=NOW),
    ):
        with pytest.raises(coaching_steps.NotPossible):
            act()


def test_two_people_who_change_one_step_do_not_overwrite_one_another(
    account: Account, alice: User, bob: User
) -> None:
    plan = begin(account, alice)
    step = steps(plan)[0]
    mine, theirs = signed_in(alice), signed_in(bob)
    url = reverse("coaching-step", args=[step.pk])
    form = {"title": "Bob's words", "why": "", "owner_name": "Bob", "due_on": "2026-06-01", "version": "0"}

    assert theirs.post(url, form).status_code == 302
    refused = mine.post(url, {**form, "title": "Alice's words"})

    assert refused.status_code == 409
    page = text(refused)
    assert "Somebody was faster" in page
    assert "Bob's words" in page
    assert "Alice's words" in unescape(refused.content.decode())
    assert steps(plan)[0].title == "Bob's words"

    # The form now knows which text it would replace.
    version = re.search(r'name="version" value="(\d+)"', refused.content.decode())
    assert version is not None
    assert mine.post(url, {**form, "title": "Alice's words", "version": version[1]}).status_code == 302
    assert steps(plan)[0].title == "Alice's words"


def test_the_page_shows_what_is_called_for_then_the_plan_then_what_was_done(
    account: Account, alice: User
) -> None:
    client, url = signed_in(alice), reverse("coaching", args=[account.pk])

    page = text(client.get(url))
    assert "What the figures call for" in page
    assert "“Swaps” is licensed and not among the features used." in page

    made = client.post(reverse("coaching-begin", args=[account.pk]), follow=True)
    assert "The plan: 0 of 3 done" in text(made)

    plan = CoachingPlan.objects.get()
    for step in steps(plan):
        client.post(reverse("coaching-act", args=[step.pk]), {"action": "done"})
    page = text(client.get(url))
    assert "Earlier plans" in page
    assert "3 of 3 done" in page
    assert "What the figures call for" in page


def test_htmx_gets_the_plan_alone_with_what_was_refused(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    first, second, last = steps(plan)
    for step in (first, second):
        coaching_steps.tick(step, is_done=True, actor=alice, now=NOW)

    answer = signed_in(alice).post(
        reverse("coaching-act", args=[last.pk]), {"action": "remove"}, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "This is the last step that is left. Close the plan instead." in text(answer)


def test_steps_are_added_with_a_form_that_says_what_is_wrong(account: Account, alice: User) -> None:
    plan, client = begin(account, alice), signed_in(alice)
    url = reverse("coaching-add", args=[plan.pk])

    bad = client.post(url, {"title": " ", "due_on": "soon"})
    assert bad.status_code == 422
    assert "Say what is to be done." in text(bad)
    assert "This is no date" in text(bad)

    assert client.post(url, {"title": "Visit them", "owner_name": "Jana"}).status_code == 302
    assert steps(plan)[-1].title == "Visit them"


def test_a_step_too_many_is_refused_with_what_was_typed_and_is_not_asked_for(
    account: Account, alice: User
) -> None:
    plan, client = begin(account, alice), signed_in(alice)
    for number in range(len(steps(plan)), coaching_steps.MOST_STEPS):
        coaching_steps.add(plan, said(title=f"Step {number}"), actor=alice, now=NOW)

    refused = client.post(
        reverse("coaching-add", args=[plan.pk]), {"title": "The one too many", "why": "They asked for it."}
    )

    assert refused.status_code == 422
    assert "A plan has 20 steps at most, and this one has 20. Remove one that is not done" in text(refused)
    assert 'value="The one too many"' in refused.content.decode()
    assert "They asked for it." in text(refused)
    assert len(steps(plan)) == coaching_steps.MOST_STEPS
    page = client.get(reverse("coaching", args=[account.pk]))
    assert "A plan has 20 steps at most" in text(page)
    assert 'name="title"' not in page.content.decode()


def test_what_is_typed_for_a_plan_that_somebody_closed_is_shown_again(account: Account, alice: User) -> None:
    plan, client = begin(account, alice), signed_in(alice)
    step = steps(plan)[0]
    coaching_steps.close(plan, state=PlanState.DROPPED, because="They merge.", actor=alice, now=NOW)
    form = {"title": "Visit them in Kiel", "why": "", "owner_name": "", "due_on": "", "version": "0"}

    for url, sent in (
        (reverse("coaching-add", args=[plan.pk]), form),
        (reverse("coaching-step", args=[step.pk]), form),
        (reverse("coaching-close", args=[plan.pk]), {"state": "dropped", "because": "Visit them in Kiel"}),
    ):
        refused = client.post(url, sent)
        assert refused.status_code == 422, url
        assert "This plan is closed, so its steps stand as they were." in text(refused)
        assert "Visit them in Kiel" in refused.content.decode(), url


@pytest.mark.parametrize("asked", ["", "zz", "done\x00", "x" * 5000])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_an_act_that_there_is_not_is_refused_and_said(
    asked: str, headers: dict[str, str], account: Account, alice: User
) -> None:
    step = steps(begin(account, alice))[0]

    answer = signed_in(alice).post(
        reverse("coaching-act", args=[step.pk]), {"action": asked}, headers=headers
    )

    assert answer.status_code == 422
    assert "The page did not say what to do with the step. Press its button again." in text(answer)
    assert ("<html" in answer.content.decode()) is not bool(headers)
    assert verbs() == ["coaching.planned"]


def test_the_same_plan_is_one_draft_however_often_it_is_asked_for(
    account: Account, alice: User, bob: User
) -> None:
    plan = begin(account, alice)
    first = coaching_draft.ask(plan, actor=alice, now=NOW)

    assert coaching_draft.ask(plan, actor=alice, now=NOW + timedelta(minutes=1)) == first
    Delivery.objects.update(state="delivered", delivered_at=NOW)
    answer = signed_in(alice).post(reverse("coaching-mail", args=[plan.pk]), follow=True)
    assert "You have a draft of this plan already" in text(answer)
    assert Delivery.objects.count() == 1
    assert verbs().count("coaching.draft_asked") == 1

    # Another person has a mailbox of their own, and a plan that says something else is another draft.
    coaching_draft.ask(plan, actor=bob, now=NOW)
    coaching_steps.add(plan, said(), actor=alice, now=NOW)
    coaching_draft.ask(plan, actor=alice, now=NOW)
    assert Delivery.objects.filter(person=alice).count() == 2
    assert Delivery.objects.filter(person=bob).count() == 1


def test_a_draft_that_failed_is_tried_again_and_is_still_the_one(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    first = coaching_draft.ask(plan, actor=alice, now=NOW)
    Delivery.objects.update(state="failed", last_error="The mailbox is not connected.")

    again = coaching_draft.ask(plan, actor=alice, now=NOW + timedelta(hours=1))

    assert (again.pk, again.state) == (first.pk, "pending")
    assert Delivery.objects.count() == 1
    assert verbs() == ["coaching.planned", "coaching.draft_asked", "delivery.retried"]


def test_a_plan_goes_into_the_mailbox_as_a_draft_and_says_nothing_of_health(
    account: Account, alice: User
) -> None:
    Account.objects.filter(pk=account.pk).update(
        stakeholder_engagement_score=Decimal("0.1"), support_sentiment="negative"
    )
    account.refresh_from_db()
    plan = begin(account, alice)
    coaching_steps.tick(steps(plan)[1], is_done=True, actor=alice, now=NOW)

    answer = signed_in(alice).post(reverse("coaching-mail", args=[plan.pk]), follow=True)

    assert "Nothing leaves it before you send it." in text(answer)
    delivery = Delivery.objects.get()
    assert (delivery.channel, delivery.person, delivery.about_id) == ("mail", alice, str(plan.pk))
    draft = delivery.message
    assert draft["key"] == str(delivery.pk)
    assert draft["to"] == [{"email": "jana@halden.example", "name": "Jana Weiss"}]
    assert draft["text"].startswith("Hello Jana Weiss,\n\nhere is a short plan")
    assert "by 19 May 2026" in draft["text"]
    assert "Done since we began:\n- Show “Swaps” on real work" in draft["text"]
    for form in (draft["text"], draft["html"]):
        assert not re.search(
            r"\b(?:score|health|risk|churn|sentiment|engagement|median)\b", form, re.IGNORECASE
        )


def test_what_people_typed_is_text_in_the_draft(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    coaching_steps.add(plan, said(title="<script>alert(1)</script>"), actor=alice, now=NOW)

    coaching_draft.ask(plan, actor=alice, now=NOW)

    assert "<script" not in Delivery.objects.get().message["html"]


def test_the_steps_and_the_plans_are_files_too(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    coaching_steps.add(plan, said(title="=HYPERLINK(1)"), actor=alice, now=NOW)
    client = signed_in(alice)

    rows = list(
        csv.reader(
            io.StringIO(
                client.get(reverse("coaching", args=[account.pk]) + "?as=csv").content.decode("utf-8-sig")
            )
        )
    )
    assert rows[1][1].startswith("Show “Swaps”")
    assert rows[-1][1] == "'=HYPERLINK(1)"

    rows = list(
        csv.reader(io.StringIO(client.get(reverse("coaching-plans") + "?as=csv").content.decode("utf-8-sig")))
    )
    assert rows[1][:6] == ["Halden Logistics", "Mid-Market", "Alice", "In work", "0", "4"]


def test_the_plans_of_the_book_come_by_the_nearest_day_and_cost_the_same_queries(
    scoped: Tenant, alice: User, bob: User, django_assert_max_num_queries: Any
) -> None:
    make_plan(make_idle(alice, name="One"))
    client, url = signed_in(bob), reverse("coaching-plans")
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    for number in range(6):
        make_plan(make_idle(alice, name=f"Two {number}"), steps=3)
    with django_assert_max_num_queries(12) as many:
        page = text(client.get(url))

    assert len(few) == len(many)
    assert "0 of 3" in page
    assert "Finished" in text(client.get(url + "?state=finished"))


def test_the_page_of_an_account_says_what_lies_idle_and_how_far_the_plan_is(
    account: Account, alice: User
) -> None:
    client, url = signed_in(alice), reverse("account", args=[account.pk])
    assert "Licensed and not used: Swaps, Forecasting" in text(client.get(url))

    plan = begin(account, alice, now=timezone.now())
    coaching_steps.tick(steps(plan)[0], is_done=True, actor=alice, now=NOW)

    page = text(client.get(url))
    assert "Coaching plan: 1 of 3 done" in page
    assert "Next: Show “Forecasting”" in page


def answer(*titles: str) -> dict[str, Any]:
    return {
        "steps": [
            {"area": f"area.{number}", "title": title, "why": f"{{{{evidence.{number}.1}}}}."}
            for number, title in enumerate(titles, start=1)
        ]
    }


GOOD = answer("Try {{area.1}} with the planners of one site", "Plan a week with {{area.2}} together")


def word(plan: CoachingPlan, *answers: Any) -> tuple[CoachingPlan, SaidWriter]:
    writer = SaidWriter(answers)
    return coaching.word(plan, writers=writers(writer if answers else None), now=NOW), writer


def test_a_model_writes_the_sentences_and_the_rules_keep_days_and_order(
    account: Account, alice: User
) -> None:
    plan = begin(account, alice)
    before = [(step.area, step.due_on, step.owner_name) for step in steps(plan)]

    done, writer = word(plan, GOOD)

    made = steps(plan)
    assert [step.title for step in made][:2] == [
        "Try Swaps with the planners of one site",
        "Plan a week with Forecasting together",
    ]
    assert made[0].why == "“Swaps” is licensed and not among the features used."
    assert [(step.area, step.due_on, step.owner_name) for step in made] == before
    assert (done.written_by, done.trouble) == ("a-model", "")
    assert "engagement" not in writer.asked[0].prompt.casefold()


@pytest.mark.parametrize(
    "broken",
    [
        "no JSON",
        answer("Only one step"),
        answer("Try {{area.1}} in 3 weeks", "Plan with {{area.2}}"),
        answer("Try {{area.1}} with Peter Quist", "Plan with {{area.2}}"),
        answer("Try {{area.2}} now", "Plan with {{area.1}}"),
        answer("Try {{area.1}} before the renewal", "Plan with {{area.2}}"),
        answer("Try {{area.1}}. Then do more.", "Plan with {{area.2}}"),
        {"steps": [{**one, "why": "The health score would gain from it."} for one in GOOD["steps"]]},
        DOWN,
    ],
)
def test_what_no_fact_says_leaves_the_portals_own_sentences(
    account: Account, alice: User, broken: Any
) -> None:
    plan = begin(account, alice)
    before = [(step.title, step.why) for step in steps(plan)]

    done, _ = word(plan, broken)

    assert [(step.title, step.why) for step in steps(plan)] == before
    assert done.written_by == "templates"
    assert done.trouble


def test_what_a_person_has_edited_or_ticked_is_left_alone(account: Account, alice: User) -> None:
    plan = begin(account, alice)
    first = steps(plan)[0]
    coaching_steps.change(first, said(title="My own words"), version=0, actor=alice, now=NOW)

    done, writer = word(plan, answer("Plan a week with {{area.1}} together"))

    assert [step.title for step in steps(plan)][:2] == [
        "My own words",
        "Plan a week with Forecasting together",
    ]
    assert done.written_by == "a-model"
    assert len(writer.asked) == 1


def test_the_agents_call_makes_the_plan_words_it_once_and_returns_the_same_one_again(
    account: Account,
) -> None:
    writer = SaidWriter([GOOD])

    first = coaching.plan_for(account, actor=None, writers=writers(writer), today=TODAY, now=NOW)
    again = coaching.plan_for(
        account, actor=None, writers=writers(writer), today=TODAY, now=datetime(2026, 5, 15, 9, tzinfo=UTC)
    )

    assert first == again
    assert len(writer.asked) == 1
    assert CoachingPlan.objects.get().created_by is None
    assert not Job.objects.filter(task=coaching.TASK).exists()


def test_another_tenants_plan_is_not_there(account: Account, alice: User, charlie: User) -> None:
    plan = begin(account, alice)
    stranger = signed_in(charlie)

    assert stranger.get(reverse("coaching", args=[account.pk])).status_code == 404
    assert (
        stranger.post(
            reverse("coaching-close", args=[plan.pk]), {"state": "dropped", "because": "x"}
        ).status_code
        == 404
    )
    assert CoachingPlan.objects.get().state == PlanState.OPEN


def test_where_to_begin_is_the_lowest_adoption_without_a_plan(
    account: Account, alice: User, bob: User
) -> None:
    make_plan(make_idle(alice, name="Coached", feature_adoption_rate=Decimal("0.1")))
    make_idle(alice, name="Unknown", feature_adoption_rate=None)
    make_idle(alice, name="Lowest", feature_adoption_rate=Decimal("0.2"))
    make_idle(bob, name="Somebody else's", feature_adoption_rate=Decimal("0.05"))
    client, url = signed_in(alice), reverse("coaching-plans") + "?state=none"

    page = text(client.get(url))
    assert page.index("Lowest") < page.index("Halden Logistics")
    assert "Swaps, Forecasting" in page
    for name in ("Coached", "Unknown", "Somebody else's"):
        assert name not in page

    rows = list(csv.reader(io.StringIO(client.get(url + "&scope=all&as=csv").content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["Somebody else's", "Lowest", "Halden Logistics"]
    assert rows[2][3:5] == ["0.2000", "Swaps, Forecasting"]
