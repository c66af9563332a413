"""Today: what is first and why, what else is due, and the team's view of it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Alert, Opportunity
from csm_portal.core.models import Tenant, User
from qbr.models import QBR
from qbr.quarters import quarter_of
from qbr.workflow import State
from tests.accounts.health_rows import make_health
from tests.conftest import signed_in
from tests.factories import make_account, make_accounts, make_alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def names(response: HttpResponse) -> list[str]:
    """Return the accounts of the ranked list, first to last."""
    ranked = response.content.decode().split('<ol class="worklist">')[-1].split("</ol>")[0]
    return [unescape(name) for name in re.findall(r'class="cell-name"[^>]*>([^<]+)<', ranked)]


def test_home_is_today(alice: User, sam: User) -> None:
    assert signed_in(alice).get("/").headers["Location"] == "/today/"
    assert signed_in(sam).get("/today/").headers["Location"] == "/sales/"


def test_the_most_urgent_account_comes_first_with_the_reason_for_its_rank(alice: User) -> None:
    for name, arr in (("Small", 10_000), ("Large", 90_000), ("Middle", 50_000)):
        make_alert(make_account(name=name, owner=alice, arr=Decimal(arr)))

    page = signed_in(alice).get("/today/")

    assert names(page) == ["Large", "Middle", "Small"]
    assert "€ 90,000 × 4 (high) × 1 (no contract date)" in text(page)
    assert "3 accounts need you , € 150K ARR" in text(page)
    assert "Agree with the customer's finance contact" in text(page)


@pytest.mark.parametrize(
    ("notice", "renewal", "until", "facts", "told"),
    [
        (37, 97, 37, [{"code": "notice"}], "notice in 37 days"),
        # The date moved in Notion since the scan: the alert's own fact counts.
        (60, 97, 37, [{"code": "notice"}], "notice in 37 days"),
        # An alert of arrears holds no fact about the contract.
        (37, 97, 37, [{"code": "arrears"}], "notice in 37 days"),
        (-8, 97, 97, [{"code": "renewal"}, {"code": "notice_passed"}], "contract in 97 days"),
        (None, 0, 0, [{"code": "renewal"}], "contract today"),
        (-3, None, -3, [{"code": "overdue"}], "notice date passed 3 days ago"),
        (-30, -1, -1, [{"code": "overdue"}], "contract date passed 1 day ago"),
    ],
)
def test_the_rank_names_the_date_that_counts(
    tenant: Tenant,
    alice: User,
    notice: int | None,
    renewal: int | None,
    until: int,
    facts: list[dict[str, str]],
    told: str,
) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    notice_on, renewal_on = (
        None if days is None else today + timedelta(days=days) for days in (notice, renewal)
    )
    make_alert(
        make_account(owner=alice, notice_on=notice_on, renewal_on=renewal_on),
        until=today + timedelta(days=until),
        facts=facts,
    )

    assert f"× 1 ({told})" in text(signed_in(alice).get("/today/"))
    assert f"× 1 ({told})" in text(signed_in(alice).get("/alerts/"))


def test_an_account_is_one_line_whatever_is_open(alice: User) -> None:
    account = make_account(name="Halden", owner=alice)
    make_alert(account)
    make_alert(account, reason="health_red", headline="Health is Red with a score of 31.")
    client = signed_in(alice)

    page = client.get("/today/")
    assert names(page) == ["Halden"]
    assert "Health is Red with a score of 31." in text(page)
    ticked = re.findall(r'name="alert" value="([^"]+)"', page.content.decode())
    client.post("/alerts/act/", {"alert": ticked, "action": "acknowledge", "next": "/today/"})

    assert set(Alert.objects.values_list("state", flat=True)) == {"acknowledged"}
    assert "Nothing is open" in text(client.get("/today/"))


def test_what_is_late_says_so(tenant: Tenant, alice: User) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    make_alert(make_account(owner=alice), due_on=today - timedelta(days=2))
    make_alert(make_account(owner=alice), due_on=today + timedelta(days=2))

    told = text(signed_in(alice).get("/today/"))

    assert "1 late" in told
    assert "2 days overdue" in told


def test_a_csm_sees_their_own_and_a_manager_everybodys(alice: User, bob: User) -> None:
    make_alert(make_account(name="Hers", owner=alice))
    make_alert(make_account(name="His", owner=bob), severity="critical")
    make_alert(make_account(name="Nobody's"))

    assert names(signed_in(alice).get("/today/")) == ["Hers"]
    team = signed_in(bob).get("/today/")
    assert set(names(team)) == {"Hers", "His", "Nobody's"}
    told = text(team)
    assert re.search(r"Bob 1 1 \d", told)
    assert re.search(r"Alice 1 0 \d", told)
    assert names(signed_in(bob).get("/today/?scope=mine")) == ["His"]


def test_contract_dates_and_stale_data_stand_beside_it(tenant: Tenant, alice: User) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    make_account(name="Notice", owner=alice, notice_on=today + timedelta(days=5), renewal_on=None)
    make_account(name="Renewal", owner=alice, renewal_on=today + timedelta(days=3))
    make_account(name="Later", owner=alice, renewal_on=today + timedelta(days=31))
    old = make_account(name="Old data", owner=alice, renewal_on=None)
    make_health(old, band="Amber", is_last_known=True)

    told = text(signed_in(alice).get("/today/"))

    assert told.index("Renewal Renews") < told.index("Notice Notice by")
    assert "Later" not in told
    assert told.index("Old data") > told.index("Data gone stale")


def test_nobody_is_left_without_a_word(alice: User, ada: User) -> None:
    assert "No account names you as its owner" in text(signed_in(alice).get("/today/"))
    assert "Connect Notion" in text(signed_in(ada).get("/today/"))
    make_account(owner=alice)
    assert "Nothing is open for you." in text(signed_in(alice).get("/today/"))


def test_it_costs_the_same_at_one_account_and_at_eighty(bob: User, alice: User) -> None:
    make_alert(make_account(owner=alice))
    client = signed_in(bob)
    with CaptureQueriesContext(connection) as one:
        client.get("/today/")
    for account in make_accounts(79, owner=alice):
        make_alert(account)
    with CaptureQueriesContext(connection) as many:
        page = client.get("/today/")

    assert len(names(page)) == 8
    assert "72 more accounts with open alerts" in text(page)
    assert len(many) == len(one) <= 18


def test_what_sales_answered_lately_stands_beside_it(alice: User, bob: User, sam: User) -> None:
    now = timezone.now()
    for state, at in (("accepted", now), ("declined", now - timedelta(days=20)), ("found", now)):
        Opportunity.objects.create(
            account=make_account(name=f"Was {state}", owner=alice),
            kind="expansion_seats",
            state=state,
            confidence="high",
            headline="40 more seats.",
            amount=Decimal(4_800),
            currency="EUR",
            talk_track="Ask.",
            found_on=now.date(),
            found_at=now,
            checked_on=now.date(),
            state_at=at,
            state_by=sam,
            note="Talking to their buyer.",
            ended_at=at if state == "declined" else None,
        )

    told = text(signed_in(alice).get("/today/"))

    assert (
        "What Sales answered Was accepted Accepted 40 more seats. € 4,800. “Talking to their buyer.” Sam"
        in told
    )
    assert "Was declined" not in told
    assert "Was found" not in told
    assert "What Sales answered" not in text(signed_in(bob).get("/today/?scope=mine"))


def test_reviews_that_wait_come_with_their_state(scoped: Tenant, alice: User, bob: User) -> None:
    quarter = quarter_of(date(2026, 2, 1))
    for state in (State.APPROVED, State.IN_REVIEW, State.PUBLISHED):
        account = make_account(name=f"Is {state.value}", owner=alice)
        QBR.objects.create(
            account=account,
            quarter_start=quarter.start,
            quarter_end=quarter.end,
            quarter_label=quarter.label,
            state=state,
        )

    told = text(signed_in(alice).get("/today/"))
    assert "Is approved, Q1 2026 You, to publish it Approved" in told
    assert "Is in_review" not in told
    assert "Is in_review, Q1 2026 You, to approve it In review" in text(signed_in(bob).get("/today/"))


def test_stale_data_says_why_and_the_next_renewal_comes_first(tenant: Tenant, alice: User) -> None:
    today = timezone.localdate(timezone=tenant.zone)
    for name, days in (("Later", 90), ("Sooner", 40)):
        account = make_account(name=name, owner=alice, renewal_on=today + timedelta(days=days))
        make_health(account, band="Unknown")

    told = text(signed_in(alice).get("/today/"))

    stale = told[told.index("Data gone stale") :]
    assert stale.index("Sooner") < stale.index("Later")


def test_the_digest_is_offered_where_it_can_be_had(alice: User, ada: User) -> None:
    make_account(owner=alice)
    assert "This comes as a daily digest too" in text(signed_in(alice).get("/today/"))
    signed_in(alice).post("/digest/", {"channel": "chat", "at": "08:30"})
    assert "Your digest comes at 08:30, into the chat." in text(signed_in(alice).get("/today/"))
    assert "digest" not in text(signed_in(ada).get("/today/"))
