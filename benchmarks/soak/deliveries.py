"""Alerts on their way to Gmail, Chat and the event bus while workers are killed (SPEC 4.2, CHECK 27 for messages).

A worker is killed at each of the points below: by the local Gmail and Chat at a request, before it is obeyed, after it,
or after its answer; or by its own hand at a write into the portal's database, the handing over included. The minute tick
finds the job and another worker goes on. Whatever the order, a draft is there once, a message by an app once, and what
came twice by a webhook, which promises nothing, says that it may have.
"""

import importlib
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import httpx
import time_machine
from django.db import transaction
from django.test import override_settings

from accounts.models import Alert
from accounts.services import alert_delivery, channels
from benchmarks import publisher
from benchmarks.soak import ground
from benchmarks.soak.measured import Measured, Size
from csm_portal.core import deliveries, jobs
from csm_portal.core.models import ChannelName, Delivery, DeliveryState, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports import mime
from csm_portal.ports.chat import ChatMode
from csm_portal.ports.events import BusMode
from csm_portal.ports.mail import MailMode
from csm_portal.simulators.google import chat, tokens
from csm_portal.simulators.google.app import create_app
from csm_portal.simulators.notion import server
from tests import google as local
from tests.conftest import make_member
from tests.factories import NOW, make_account, make_alert

KILLS: Final = {Size.FULL: 200, Size.SAMPLE: 6}
SLOWEST_SECONDS: Final = 120.0
TICK: Final = timedelta(seconds=60)
WHENS: Final = ("before_commit", "after_commit", "after_answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a worker dies: at a request that ``match`` names, at a write of its own, or while it hands over."""

    name: str
    channel: ChannelName
    mode: ChatMode = ChatMode.WEBHOOK
    match: str = ""
    when: str = ""
    is_handing_over: bool = False


def _points() -> tuple[Point, ...]:
    at_requests = [
        (ChannelName.MAIL, ChatMode.WEBHOOK, "POST /gmail", "draft"),
        (ChannelName.MAIL, ChatMode.WEBHOOK, "POST /token", "token"),
        (ChannelName.CHAT, ChatMode.WEBHOOK, "POST /v1/spaces", "message by webhook"),
        (ChannelName.CHAT, ChatMode.API, "POST /v1/spaces", "message by an app"),
        (ChannelName.EVENTS, ChatMode.WEBHOOK, "POST /receiver", "event"),
    ]
    points = [
        Point(name=f"{what}, {when}", channel=channel, mode=mode, match=match, when=when)
        for when in WHENS
        for channel, mode, match, what in at_requests
    ]
    points += [
        Point(name=f"a write of the worker, {channel}", channel=channel)
        for channel in (ChannelName.MAIL, ChannelName.CHAT, ChannelName.EVENTS)
    ]
    return (*points, Point(name="handing over", channel=ChannelName.MAIL, is_handing_over=True))


@dataclass(slots=True)
class Stage:
    """A tenant with everything connected. ``now`` is the time of the tick, which only goes on."""

    tenant: Tenant
    csm: User
    address: str
    now: datetime = NOW
    kills: int = 0
    recoveries: list[float] = field(default_factory=list)
    made: list[Delivery] = field(default_factory=list)
    handed_over: Counter[int] = field(default_factory=Counter)

    def tell(self, method: str, name: str, body: Any = None) -> Any:
        with httpx.Client(trust_env=False) as http:
            answer = http.request(method, f"{self.address}/_sim/{name}", json=body or {})
        answer.raise_for_status()
        return answer.json()


def run(size: Size) -> Iterator[Measured]:
    """Kill so many workers, then count at the channels what arrived."""
    chance = random.Random(42)
    points = _points()
    with _stage() as stage:
        number = 0
        while stage.kills < KILLS[size] and number < 4 * KILLS[size]:
            # A stride that meets each kind of point early, so that a sample has some of all.
            point = points[number * 4 % len(points)]
            _play(stage, point, chance)
            number += 1
        yield from _judged(stage, points, number)


def _play(stage: Stage, point: Point, chance: random.Random) -> None:
    """Hand one alert over and take its deliveries to their end, killing workers of one of them."""
    _choose_mode(stage, point.mode)
    alert = make_alert(make_account(owner=stage.csm))
    if point.is_handing_over:
        _die_handing_over(stage, alert, chance)
    if not Delivery.objects.filter(about_id=str(alert.pk)).exists():
        with transaction.atomic():
            alert_delivery.hand_over(alert, now=stage.now)
    found = list(Delivery.objects.filter(about_id=str(alert.pk)))
    stage.handed_over[len(found)] += 1
    for delivery in found:
        if delivery.channel != point.channel or point.is_handing_over:
            # Nobody dies here: a process of its own would only cost time.
            jobs.run(str(delivery.job_id))
        else:
            # The worker that takes over dies as well, now and then; a third would set the job aside.
            arms = [_arm(stage, point, chance) for _ in range(1 if chance.random() < 0.7 else 2)]
            _settle(stage, delivery, arms)
        stage.made.append(delivery)


def _settle(stage: Stage, delivery: Delivery, arms: list[Callable[[], None]]) -> None:
    """Let ticks pass and workers run until the delivery is over, or an hour has passed."""
    died_at: datetime | None = None
    for _ in range(60):
        delivery.refresh_from_db()
        if delivery.state in (DeliveryState.DELIVERED, DeliveryState.FAILED):
            return
        job = Job.objects.filter(params__delivery=str(delivery.pk)).order_by("-created_at")[0]
        if job.state == JobState.QUEUED and job.due_at is None:
            if died_at is not None:
                stage.recoveries.append((stage.now - died_at).total_seconds())
            life = publisher.work(job, now=stage.now, arm=arms.pop(0) if arms else None)
            stage.tell("DELETE", "faults")
            died_at = stage.now if life.was_killed else None
            stage.kills += life.was_killed
            if not life.was_killed:
                continue
        stage.now += TICK
        jobs.recover(now=stage.now)
        deliveries.look_after(stage.tenant, now=stage.now)


def _arm(stage: Stage, point: Point, chance: random.Random) -> Callable[[], None]:
    if not point.match:
        return publisher.at_write(chance.randint(1, 4), after=chance.random() < 0.5, act=publisher.die)
    return partial(_lay, stage, match=point.match, when=point.when)


def _lay(stage: Stage, **fault: Any) -> None:
    """Let the local servers kill whoever calls this at the request that fits."""
    stage.tell("POST", "faults", {**fault, "kill_pid": os.getpid()})


def _die_handing_over(stage: Stage, alert: Alert, chance: random.Random) -> None:
    arm = publisher.at_write(chance.randint(1, 10), after=chance.random() < 0.5, act=publisher.die)
    process = ground.start(_hand_over, alert.pk, stage.now, arm)
    process.join()
    stage.kills += process.exitcode == -9


def _hand_over(alert_id: Any, now: datetime, arm: Callable[[], None]) -> None:
    with time_machine.travel(now, tick=True):
        alert = Alert.objects.select_related("account__owner").get(pk=alert_id)
        arm()
        with transaction.atomic():
            alert_delivery.hand_over(alert, now=now)
    os._exit(0)


def _choose_mode(stage: Stage, mode: ChatMode) -> None:
    key, public = local.keys()
    stage.tell("POST", "keys", {"issuer": local.ROBOT, "public_key": public})
    channels.save_chat(
        mode,
        webhook_url=chat.webhook_url(stage.address, local.SPACE),
        space=local.SPACE if mode is ChatMode.API else "",
        key_file=local.key_file(key),
        actor=stage.csm,
        now=stage.now,
    )


# --- what arrived -----------------------------------------------------------------------------------------------------


def _judged(stage: Stage, points: tuple[Point, ...], cases: int) -> Iterator[Measured]:
    drafts = Counter(_key_of(row["raw"]) for row in stage.tell("GET", "drafts")["drafts"])
    messages = [(row["request_id"], row["sender"]) for row in stage.tell("GET", "messages")["messages"]]
    by_app = Counter(key for key, sender in messages if sender != "webhook")
    by_webhook = Counter(key for key, sender in messages if sender == "webhook")
    events = Counter(row["id"] for row in stage.tell("GET", "events")["events"])
    rows = {str(row.pk): row for row in Delivery.objects.all()}
    arrived = drafts + by_app + by_webhook + events
    lost = [key for key in rows if not arrived[key]]
    unfinished = [key for key, row in rows.items() if row.state != DeliveryState.DELIVERED]
    doubled = {key: n for key, n in (by_webhook + events).items() if n > 1}
    unsaid = [key for key in doubled if not rows[key].may_be_twice]
    said = sum(row.may_be_twice for row in rows.values())
    sent = len(stage.tell("GET", "sent")["sent"])
    of = f"{len(points)} points, {cases} alerts, {len(rows)} deliveries"

    def zero(what: str, found: int, note: str = "") -> Measured:
        return Measured(
            check="SPEC 4.2", what=what, reached=found, target=0, is_reached=found == 0, note=note
        )

    kills = stage.kills
    wanted = KILLS[Size.FULL] if kills >= KILLS[Size.FULL] else KILLS[Size.SAMPLE]
    yield Measured(
        check="SPEC 4.2",
        what="workers killed",
        reached=kills,
        target=f"≥ {wanted}",
        is_reached=kills >= wanted,
        note=of,
    )
    yield zero("alerts handed over in part", sum(n for count, n in stage.handed_over.items() if count != 3))
    yield zero("messages lost", len(lost))
    yield zero("deliveries that did not come to their end", len(unfinished))
    yield zero("drafts too many", sum(n - 1 for n in drafts.values()), f"{len(drafts)} drafts")
    yield zero("messages by an app too many", sum(n - 1 for n in by_app.values()), f"{len(by_app)} messages")
    yield zero(
        "webhooks that came twice without a word about it",
        len(unsaid),
        f"{len(doubled)} of {len(by_webhook) + len(events)} came twice; {said} say that they may have",
    )
    yield zero("mails sent", sent)
    slowest = max(stage.recoveries, default=0.0)
    yield Measured(
        check="SPEC 4.2",
        what="seconds until another worker took it up, the slowest",
        reached=round(slowest, 1),
        target=f"≤ {SLOWEST_SECONDS:.0f}",
        is_reached=bool(stage.recoveries) and slowest <= SLOWEST_SECONDS,
        note=f"{len(stage.recoveries)} recoveries by the tick",
    )


def _key_of(raw: str) -> str:
    line = next(line for line in raw.splitlines() if line.startswith(f"{mime.KEY_HEADER}:"))
    return line.partition(":")[2].strip()


# --- the stage --------------------------------------------------------------------------------------------------------


@contextmanager
def _stage() -> Iterator[Stage]:
    """Give a tenant whose channels lead to a local server in a process of its own, and be in its scope."""
    # What a worker would import on its first call is there before it is forked: the points to die at stay the same.
    for name in ("googleapiclient.discovery", "google_auth_httplib2", "google.oauth2.service_account"):
        importlib.import_module(name)

    with tempfile.TemporaryDirectory(prefix="portal-deliveries-") as folder:
        here, there = Pipe()
        process = ground.start(_serve, Path(folder) / "google.sqlite3", there)
        try:
            address = here.recv()
            tenant = Tenant.objects.create(name="Northwind", slug=f"soak-{os.urandom(4).hex()}")
            csm = make_member(tenant, "Alice", is_csm=True, is_admin=True)
            with (
                override_settings(
                    CSM_RUN_JOBS_INLINE=False,
                    GMAIL_BASE_URL=address,
                    CHAT_BASE_URL=address,
                    GOOGLE_TOKEN_URL=f"{address}/token",
                    CSM_LOCAL_WEBHOOKS=True,
                ),
                tenant_scope(tenant),
            ):
                _connect(csm, address)
                yield Stage(tenant, csm, address)
        finally:
            process.kill()
            process.join()


def _connect(csm: User, address: str) -> None:
    channels.save_mail(MailMode.OAUTH, client_id="c", client_secret="s", key_file="", actor=csm, now=NOW)  # noqa: S106
    channels.connect_mailbox(csm, tokens.refresh_token(csm.email), now=NOW)
    channels.save_events(BusMode.WEBHOOK, url=f"{address}/receiver", actor=csm, now=NOW)


def _serve(path: Path, parent: Connection) -> None:
    with server.serving(create_app(path)) as address:
        parent.send(address)
        while True:
            time.sleep(60)
