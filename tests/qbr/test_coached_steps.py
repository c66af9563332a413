"""What was ticked off in an adoption plan shows up in the review of its quarter, and in no other (SPEC 4.4, 6.1)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Account, CoachingStep
from csm_portal.core.models import User
from qbr.document import SectionKey
from qbr.grounding import check
from qbr.quarters import Quarter
from qbr.selectors import source_facts
from tests.factories import make_plan
from tests.qbr import reviews
from tests.qbr.conftest import NOW

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
QUARTER = Quarter(year=2026, number=2)


def done(account: Account, *moments: datetime | None) -> None:
    """Give the account a plan whose steps were done at these moments."""
    plan = make_plan(account, steps=len(moments))
    for position, moment in enumerate(moments, start=1):
        CoachingStep.objects.filter(plan=plan, position=position).update(done_at=moment)


def test_the_steps_done_within_the_quarter_are_facts_of_it(harbour: Account) -> None:
    first_moment = datetime(2026, 4, 1, 0, 0, tzinfo=harbour.tenant.zone)
    done(harbour, NOW, first_moment, first_moment - timedelta(seconds=1), None)

    facts = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)

    assert facts["coaching.done"].value == 2
    assert facts["coaching.1.step"].value == "Show feature 2 to the planners"
    assert facts["coaching.1.done_on"].value == date(2026, 4, 1)
    assert facts["coaching.2.step"].value == "Show feature 1 to the planners"
    assert not facts["coaching.2.step"].is_internal
    assert "coaching.3.step" not in facts


def test_without_a_plan_there_is_no_fact_of_one(harbour: Account) -> None:
    facts = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)

    assert facts.family("coaching.") == []


def test_a_draft_tells_the_customer_what_was_done_and_each_figure_is_traced(
    harbour: Account, alice: User
) -> None:
    done(harbour, datetime(2026, 5, 4, 12, tzinfo=UTC))
    CoachingStep.objects.update(title="Hand out 12 of the 40 seats to the depot in Leeds")

    qbr = reviews.drafted(harbour, actor=alice)

    content = reviews.says(qbr).content
    words = [block.words for block in content.section(SectionKey.ADOPTION).text]
    assert "Hand out 12 of the 40 seats to the depot in Leeds: done on 4 May 2026." in words
    facts = source_facts.collect(harbour, quarter=QUARTER, today=TODAY)
    assert check.open_findings(check.check(content, facts)) == []
