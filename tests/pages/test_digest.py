"""The daily digest: what it says, to whom, when; once a person and local day whatever crashes (SPEC 4.2, 7)."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts import digest_messages
from accounts.digest_messages import DigestText, Section
from accounts.models import Digest, DigestChannel, DigestChoice
from accounts.selectors import digests as selector
from accounts.services import digests
from csm_portal import schedules
from csm_portal.core import deliveries, jobs
from csm_portal.core.models import AuditEvent, Delivery, Job, JobState, Membership, OutboxEvent, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.pages import digest_tasks
from tests.conftest import make_member, signed_in
from tests.factories import make_account, make_alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

BERLIN = ZoneInfo("Europe/Berlin")
# A Thursday.
DAY = date(2026, 5, 14)
LONG_AGO = datetime(2026, 5, 1, tzinfo=UTC)
SAID = DigestText(subject="Thursday", sections=(Section(title="New", lines=("Halden pays late.",)),), url="")


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=BERLIN)


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def wants(person: User, channel: str = "mail", *, when: time = time(7, 30), weekends: bool = False) -> None:
    DigestChoice.objects.create(
        person=person, channel=channel, at=when, on_weekends=weekends, updated_at=LONG_AGO
    )


def member(person: User) -> Membership:
    return Membership.objects.select_related("user", "tenant").get(user=person)


def says(person: User, *, now: datetime | None = None) -> DigestText:
    now = now or at(8)
    news = selector.news(member(person), today=now.date(), now=now)
    return digest_messages.text(news, reviews=(), today=now.date(), url="https://portal.example/today/")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let jobs read the time that a test sets."""
    import time_machine

    with time_machine.travel(at(7, 31), tick=False) as traveller:
        yield traveller


def tick(clock: Any, now: datetime) -> None:
    clock.move_to(now)
    schedules.tick(now=now)
    run_jobs()


def run_jobs() -> None:
    """Run the digests that were asked for, and then what they put on its way."""
    for task in ("csm_portal.pages.digest_tasks.write_due", deliveries.TASK):
        for job in Job.objects.filter(state=JobState.QUEUED, task=task):
            jobs.run(str(job.pk))


def test_it_tells_what_is_new_what_is_due_and_what_comes_up(alice: User, bob: User) -> None:
    make_alert(
        make_account(name="Halden", owner=alice),
        raised_at=at(7, 1),
        raised_on=DAY,
        due_on=DAY + timedelta(days=3),
        headline="Payment is not current.",
    )
    make_alert(
        make_account(name="Old", owner=alice),
        raised_at=LONG_AGO,
        due_on=DAY - timedelta(days=1),
        held_back_on=DAY,
    )
    make_alert(make_account(name="Not yet", owner=alice), raised_at=LONG_AGO, due_on=DAY + timedelta(days=1))
    make_account(name="Soon", owner=alice, renewal_on=DAY + timedelta(days=7))
    make_alert(make_account(name="His", owner=bob), raised_at=at(7, 1))

    told = says(alice)

    assert told.subject == "Thursday, 14 May: 1 new, 1 due"
    assert [(one.title, one.lines) for one in told.sections] == [
        ("New", ("Halden: Payment is not current. Look by 17 May 2026.",)),
        (
            "Due today, or late",
            ("Old: Payment has not been current since 14 May 2026 or earlier. Late since 13 May 2026.",),
        ),
        ("Contract dates within seven days", ("Soon: renewal 21 May 2026",)),
        (
            "Held back",
            ("1 alert waits for a place: five go out a day. They stand in your list all the same.",),
        ),
    ]


def test_a_manager_hears_of_the_team_and_of_what_nobody_owns(alice: User, bob: User) -> None:
    for _ in range(2):
        make_alert(make_account(owner=alice), raised_at=at(7, 1), raised_on=DAY, due_on=DAY)
    make_alert(make_account(), raised_at=LONG_AGO, raised_on=DAY, due_on=DAY, severity="critical")

    told = says(bob)

    assert told.subject == "Thursday, 14 May: 2 new alerts in the team"
    assert [one.lines for one in told.sections] == [
        ("Alice: 2 open, the oldest of 14 May 2026",),
        ("1 open alert in accounts without an owner here: nobody is told of them.",),
    ]


def test_names_out_of_notion_stay_text(alice: User) -> None:
    make_alert(make_account(name="<users/all> *A* & <b>", owner=alice), raised_at=at(7, 1))
    told = says(alice)

    message = digest_messages.chat_message(told, key="k", person="Alice", person_id="1").text
    draft = digest_messages.draft(told, key="k", to=digest_messages.Address(email="a@b.example", name="A"))

    assert "<users/all>" not in message
    assert "‹users/all›" in message
    assert "<b>" not in draft.html.replace("</b>", "")
    assert "<users/all> *A* & <b>" in draft.text
    assert message.endswith("<https://portal.example/today/|Open Today in the portal>")


def test_the_tick_writes_each_persons_at_their_time_and_once(
    clock: Any, tenant: Tenant, alice: User, bob: User
) -> None:
    wants(alice)
    wants(bob, "chat", when=time(9, 0))
    make_alert(make_account(owner=alice), raised_at=at(7, 1), raised_on=DAY, due_on=DAY)

    tick(clock, at(7, 29))
    assert not Digest.objects.exists()
    for minute in range(30, 34):
        tick(clock, at(7, minute))
    assert [one.person for one in Digest.objects.all()] == [alice]
    for hour in (9, 10, 17):
        tick(clock, at(hour))

    mail, chat = Delivery.objects.order_by("created_at")
    assert (mail.channel, mail.person, mail.state) == ("mail", alice, "delivered")
    assert (chat.channel, chat.person, chat.state) == ("chat", bob, "delivered")
    assert mail.message["to"][0]["email"] == alice.email
    assert OutboxEvent.objects.filter(topic="digest.written").count() == 2


def test_on_the_next_day_what_was_told_is_not_new(clock: Any, alice: User) -> None:
    wants(alice)
    make_alert(make_account(name="Halden", owner=alice), raised_at=at(7, 1), due_on=DAY + timedelta(days=9))
    tick(clock, at(7, 30))

    tick(clock, at(7, 30, day=DAY + timedelta(days=1)))

    first, second = Digest.objects.order_by("local_date")
    assert first.delivery is not None
    assert second.delivery is None
    assert Delivery.objects.count() == 1


def test_an_empty_day_brings_no_message(clock: Any, alice: User, bob: User) -> None:
    wants(alice)
    wants(bob)
    # What is only held back is no news.
    make_alert(
        make_account(owner=alice), raised_at=LONG_AGO, due_on=DAY + timedelta(days=9), held_back_on=DAY
    )

    tick(clock, at(7, 30))

    assert Digest.objects.filter(delivery=None).count() == 2
    assert not Delivery.objects.exists()
    assert not OutboxEvent.objects.exists()


def test_weekends_off_and_people_who_want_none_are_left_alone(
    clock: Any, tenant: Tenant, alice: User, bob: User
) -> None:
    saturday = DAY + timedelta(days=2)
    carol = make_member(tenant, "Carol", is_csm=True)
    wants(alice)
    wants(bob, "off", weekends=True)
    wants(carol, weekends=True)
    for person in (alice, bob, carol):
        make_alert(make_account(owner=person), raised_at=at(7, 1, day=saturday))

    tick(clock, at(7, 30, day=saturday))

    assert [one.person for one in Digest.objects.all()] == [carol]


def test_one_that_comes_too_late_is_recorded_as_missed_and_not_made_up(clock: Any, alice: User) -> None:
    wants(alice)
    make_alert(make_account(owner=alice), raised_at=at(7, 1))

    tick(clock, at(8, 31))
    tick(clock, at(8, 32))

    (missed,) = Digest.objects.all()
    assert (missed.counts, missed.delivery) == ({"missed": 1}, None)
    assert not Delivery.objects.exists()
    # Nothing of it is lost: the next one tells it.
    assert says(alice, now=at(7, 30, day=DAY + timedelta(days=1))).subject.endswith("1 new")


def test_who_chooses_a_time_that_has_passed_begins_tomorrow(clock: Any, alice: User) -> None:
    digests.choose(
        member(alice), DigestChannel.MAIL, at=time(7, 30), on_weekends=False, actor=alice, now=at(7, 45)
    )

    tick(clock, at(7, 46))
    tick(clock, at(9))

    assert not Digest.objects.exists()


def test_a_second_writing_changes_nothing(alice: User) -> None:
    wants(alice)

    assert digests.write(member(alice), SAID, day=DAY, now=at(7, 30)) is not None
    assert digests.write(member(alice), SAID, day=DAY, now=at(7, 31)) is None

    assert Digest.objects.count() == Delivery.objects.count() == OutboxEvent.objects.count() == 1


@pytest.mark.parametrize("dies_at", range(1, 8))
def test_a_crash_at_any_write_leaves_all_of_it_or_nothing(dies_at: int, alice: User, settings: Any) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    wants(alice)
    writes = 0

    class Died(Exception):
        """The worker is gone."""

    def dying(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal writes
        if sql.startswith(("INSERT", "UPDATE")):
            writes += 1
            if writes == dies_at:
                raise Died
        return execute(sql, params, many, context)

    try:
        with transaction.atomic(), connection.execute_wrapper(dying):
            digests.write(member(alice), SAID, day=DAY, now=at(7, 30))
    except Died:
        assert not Digest.objects.exists()
        assert not OutboxEvent.objects.exists()

    digests.write(member(alice), SAID, day=DAY, now=at(7, 31))

    assert Digest.objects.count() == Delivery.objects.count() == OutboxEvent.objects.count() == 1
    assert Job.objects.filter(title__startswith="Deliver").count() == 1


def test_a_run_that_was_broken_off_goes_on_where_it_was(
    clock: Any, tenant: Tenant, alice: User, bob: User
) -> None:
    wants(alice)
    wants(bob)
    make_alert(make_account(owner=alice), raised_at=at(7, 1), due_on=DAY)
    digests.write(member(alice), SAID, day=DAY, now=at(7, 30))

    tick(clock, at(7, 31))

    (job,) = Job.objects.filter(task="csm_portal.pages.digest_tasks.write_due")
    assert (job.state, job.result["written"]) == (JobState.DONE, 1)
    assert Delivery.objects.filter(person=alice).count() == 1
    assert Delivery.objects.filter(person=bob).count() == 1


def test_an_admin_can_have_todays_written_at_once(clock: Any, alice: User, ada: User) -> None:
    wants(alice, when=time(17, 0))
    make_alert(make_account(owner=alice), raised_at=at(7, 1))
    page = signed_in(ada).get("/operations/schedule/")
    assert "Daily digests" in text(page)
    assert "At the time that each person chose" not in text(page)
    assert "Every day from 07:30, at the time that each person chose" in text(page)

    signed_in(ada).post("/operations/schedule/daily_digests/run/")
    run_jobs()

    assert Digest.objects.count() == 1


def test_another_company_is_not_touched(
    clock: Any, tenant: Tenant, other_tenant: Tenant, alice: User, charlie: User
) -> None:
    wants(alice)
    with tenant_scope(other_tenant):
        wants(charlie)
        make_alert(make_account(owner=charlie), raised_at=at(7, 1))
    make_alert(make_account(owner=alice), raised_at=at(7, 1))

    jobs.enqueue(
        "csm_portal.pages.digest_tasks.write_due", tenant=tenant, title="x", now=at(7, 31)
    )  # fmt: skip
    run_jobs()

    assert Digest.objects.count() == 1
    with tenant_scope(other_tenant):
        assert not Digest.objects.exists()


def test_a_person_chooses_on_a_page_of_their_own(alice: User, sam: User, ada: User) -> None:
    client = signed_in(alice)
    assert "None yet." in text(client.get("/digest/"))

    answer = client.post("/digest/", {"channel": "mail", "at": "08:00", "on_weekends": "on"}, follow=True)

    assert "Your digest comes as a draft at 08:00" in text(answer)
    chosen = DigestChoice.objects.get()
    assert (chosen.person, chosen.channel, chosen.at, chosen.on_weekends) == (alice, "mail", time(8), True)
    assert AuditEvent.objects.filter(verb="digest.chosen", actor=alice).count() == 1
    assert 'value="08:00" selected' in client.get("/digest/").content.decode()
    for given in ({"channel": "fax", "at": "08:00"}, {"channel": "mail", "at": "03:00"}, {}):
        assert client.post("/digest/", given).status_code == 422
    for person in (sam, ada):
        assert signed_in(person).get("/digest/").status_code == 403


def test_the_tick_costs_two_queries_where_nothing_is_due(tenant: Tenant, alice: User) -> None:
    wants(alice)
    digests.write(member(alice), SAID, day=DAY, now=at(7, 30))

    with CaptureQueriesContext(connection) as queries:
        digest_tasks.each_minute(tenant, now=at(12))

    assert len(queries) == 2


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_write_it_once(tenant: Tenant, alice: User) -> None:
    wants(alice)
    start = threading.Barrier(4)

    def at_once(_: int) -> bool:
        try:
            with tenant_scope(tenant):
                membership = member(alice)
                start.wait()
                return digests.write(membership, SAID, day=DAY, now=at(7, 30)) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        written = list(pool.map(at_once, range(4)))

    assert sum(written) == 1
    assert Digest.objects.count() == Delivery.objects.count() == OutboxEvent.objects.count() == 1
