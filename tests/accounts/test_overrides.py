"""A person's word beside the score: who may give it, how it ends, and what becomes of it."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import Account, AccountHealth, BandOverride
from accounts.scoring.signals import Rag
from accounts.selectors import overrides as report
from accounts.selectors.overrides import Verdict
from accounts.services import health, overrides
from csm_portal.core.models import AuditEvent, Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import make_account

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
TODAY = NOW.date()


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def score(day: date = TODAY) -> None:
    moment = datetime.combine(day, NOW.time(), UTC)
    health.score_accounts(as_of=day, now=moment, announce=False)


def say(
    account: Account, actor: User, band: Rag = Rag.RED, *, days: int = 10, on: date = TODAY
) -> BandOverride:
    return overrides.give(
        account,
        band=band,
        reason="Their sponsor leaves in June.",
        until=on + timedelta(days=days),
        actor=actor,
        today=on,
        now=datetime.combine(on, NOW.time(), UTC),
    )


@pytest.fixture
def account(scoped: Tenant, alice: User) -> Account:
    made = make_account(name="Halden Logistics", owner=alice)
    score()
    return made


def test_a_word_stands_beside_the_score_and_changes_nothing_of_it(account: Account, alice: User) -> None:
    before = AccountHealth.objects.values_list("score", "effective_band").get(account=account)

    say(account, alice)
    score(TODAY + timedelta(days=1))

    assert AccountHealth.objects.values_list("score", "effective_band").get(account=account) == before
    standing = report.standing(account, today=TODAY)
    assert standing is not None
    assert (standing.band, standing.score_then, standing.band_then) == ("Red", *before)
    assert AuditEvent.objects.filter(verb="override.given", actor=alice).count() == 1


def test_it_ends_with_its_last_day(account: Account, alice: User) -> None:
    say(account, alice, days=3)

    assert report.standing(account, today=TODAY + timedelta(days=3)) is not None
    assert report.standing(account, today=TODAY + timedelta(days=4)) is None


def test_a_new_word_takes_the_place_of_the_one_before(account: Account, alice: User, bob: User) -> None:
    say(account, alice)
    say(account, bob, Rag.AMBER)

    standing = report.standing(account, today=TODAY)
    assert standing is not None
    assert (standing.band, standing.created_by) == ("Amber", bob)
    assert BandOverride.objects.count() == 2


def test_the_database_holds_one_open_word_an_account(account: Account, alice: User) -> None:
    first = say(account, alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        BandOverride.objects.create(
            account=account,
            band="Red",
            reason="Twice",
            until=TODAY,
            score_then=1,
            band_then="Red",
            created_at=NOW,
            created_by=first.created_by,
        )


def test_only_who_looks_after_the_account_speaks_for_it(
    account: Account, ada: User, sam: User, charlie: User
) -> None:
    for stranger in (ada, sam, charlie):
        with pytest.raises(PermissionDenied):
            say(account, stranger)
        with pytest.raises(PermissionDenied):
            overrides.take_back(account, actor=stranger, now=NOW)
    assert not BandOverride.objects.exists()


@pytest.mark.parametrize("days", [-1, 91])
def test_a_word_has_its_last_day_within_90_days(account: Account, alice: User, days: int) -> None:
    with pytest.raises(overrides.NotPossible, match="90 days"):
        say(account, alice, days=days)


def test_the_report_holds_each_word_against_the_score_on_its_last_day(
    account: Account, alice: User, bob: User
) -> None:
    start = TODAY - timedelta(days=40)
    right, wrong, third = (make_account(name=name, owner=alice) for name in ("Right", "Wrong", "Third"))
    score(start)
    for one, band in ((right, Rag.AMBER), (wrong, Rag.RED), (third, Rag.RED)):
        say(one, alice, band, days=20, on=start)
    for name in ("Right", "Third"):
        Account.objects.filter(name=name).update(payment_current=False, stakeholder_engagement_score=0)
    score(start + timedelta(days=19))
    # What came after the last day says nothing about the word.
    Account.objects.update(payment_current=True)
    score(TODAY)
    say(account, alice)
    taken = make_account(name="Taken", owner=alice)
    score()
    say(taken, alice)
    overrides.take_back(taken, actor=alice, now=NOW)

    told = report.report(Membership.objects.get(user=bob), today=TODAY)

    assert {row.account: row.verdict for row in told.rows} == {
        "Right": Verdict.RIGHT,
        "Wrong": Verdict.WRONG,
        "Third": Verdict.OPEN,
        "Halden Logistics": Verdict.STANDS,
        "Taken": Verdict.TAKEN_BACK,
    }
    assert (told.right, told.judged) == (1, 3)


def test_a_word_that_another_one_followed_was_replaced_and_not_taken_back(
    account: Account, alice: User, bob: User
) -> None:
    score(TODAY + timedelta(days=1))
    say(account, alice)
    say(account, bob, on=TODAY + timedelta(days=1))
    overrides.take_back(account, actor=alice, now=NOW + timedelta(days=2))

    told = report.report(Membership.objects.get(user=bob), today=TODAY)

    assert [row.verdict for row in told.rows] == ["was taken back", "was replaced by another"]
    assert told.judged == 0


def test_a_csm_says_it_on_the_page_and_everybody_reads_it(
    tenant: Tenant, account: Account, alice: User, ada: User
) -> None:
    client = signed_in(alice)
    until = timezone.localdate(timezone=tenant.zone) + timedelta(days=14)
    said = {"band": "Amber", "until": until.isoformat(), "reason": "<b>Sponsor</b> leaves"}

    assert client.post(f"/accounts/{account.pk}/override/", said).status_code == 302

    page = text(signed_in(ada).get(f"/accounts/{account.pk}/"))
    assert "Alice says Amber" in page
    assert "<b>Sponsor</b> leaves" in page
    assert "Take it back" not in page
    assert "still stands" in text(signed_in(ada).get("/overrides/")).lower()
    assert client.post(f"/accounts/{account.pk}/override/end/").status_code == 302
    assert "Alice says" not in text(client.get(f"/accounts/{account.pk}/")).replace("Alice says nothing", "")


def test_the_form_proposes_a_last_day_that_a_browser_can_read(account: Account, alice: User) -> None:
    form = signed_in(alice).get(f"/accounts/{account.pk}/override/").content.decode()

    assert re.search(
        r'type="date" name="until" value="\d{4}-\d\d-\d\d"|name="until" value="\d{4}-\d\d-\d\d"', form
    )


def test_what_is_missing_is_asked_for(account: Account, alice: User) -> None:
    answer = signed_in(alice).post(
        f"/accounts/{account.pk}/override/", {"band": "Amber", "until": "", "reason": " "}
    )

    assert answer.status_code == 422
    assert "Choose the last day." in text(answer)
    assert "Say why" in text(answer)


def test_sales_read_no_words(tenant: Tenant, account: Account, alice: User, sam: User) -> None:
    with tenant_scope(tenant):
        say(account, alice)

    assert "Halden" not in text(signed_in(sam).get("/overrides/"))
