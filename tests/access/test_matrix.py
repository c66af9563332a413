"""CHECK 1: every address × every role × GET and POST. An address that is missing from the table fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from csm_portal.core.models import Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.access.things import CANARY, Things, make_things
from tests.conftest import make_member, signed_in

pytestmark = pytest.mark.django_db

MEMBERS = "csm other-csm manager admin sales"
READERS = "csm other-csm manager admin"
WORKERS = "csm manager"
RUNNERS = "manager admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Who may GET and POST one address; None: the method is refused to everybody (405).

    ``thing`` names the object whose id stands in the address; ``public`` says why a visitor may see it. What is
    ``signed`` asks nobody who they are: it answers 401 to everybody who shows no valid signature or key (CHECK 14).
    """

    get: str | None = None
    post: str | None = None
    thing: str = ""
    public: str = ""
    data: dict[str, str] | None = None
    signed: bool = False


TABLE: dict[str, Row] = {
    "home": Row(get=MEMBERS),
    "today": Row(get=MEMBERS),
    "team": Row(get=RUNNERS),
    "digest": Row(get="csm other-csm manager", post="csm other-csm manager"),
    "theme": Row(post=MEMBERS),
    "account_login": Row(get=MEMBERS, post=MEMBERS, public="it is where one signs in"),
    "account_logout": Row(get=MEMBERS, post=MEMBERS, public="signing out twice does no harm"),
    "livez": Row(get=MEMBERS, public="a probe: it says that the process serves, and nothing else"),
    "readyz": Row(get=MEMBERS, public="a probe: it says that the database answers, and nothing else"),
    "portfolio": Row(get=MEMBERS),
    "account": Row(get=READERS, thing="account"),
    "notion-writing": Row(post="admin"),
    "in-notion": Row(get=READERS, post="csm manager admin", thing="account"),
    "account-what-if": Row(get=READERS, thing="account"),
    "account-override": Row(get=WORKERS, post=WORKERS, thing="account"),
    "account-override-end": Row(post=WORKERS, thing="account"),
    "coaching": Row(get=READERS, thing="account"),
    "coaching-begin": Row(post=WORKERS, thing="account"),
    "coaching-plans": Row(get=MEMBERS),
    "coaching-step": Row(get=WORKERS, post=WORKERS, thing="coaching_step"),
    "coaching-act": Row(post=WORKERS, thing="coaching_step"),
    **{f"coaching-{act}": Row(post=WORKERS, thing="coaching_plan") for act in ("add", "mail", "close")},
    "overrides": Row(get=MEMBERS),
    "alerts": Row(get=MEMBERS),
    "alert": Row(get=READERS, thing="alert"),
    "alerts-act": Row(post="csm other-csm manager"),
    "alert-answer": Row(post=WORKERS, thing="alert"),
    "alert-undo": Row(post="csm", thing="alert_act"),
    "alert-rules": Row(get=RUNNERS),
    "churn-risk": Row(get=MEMBERS),
    "renewals": Row(get=MEMBERS),
    "movers": Row(get=MEMBERS),
    "opportunities": Row(get=READERS),
    "opportunity": Row(get=READERS, thing="opportunity"),
    **{
        f"opportunity-{act}": Row(post=WORKERS, thing="opportunity")
        for act in ("dispatch", "dismiss", "words")
    },
    "expansion-help": Row(get=MEMBERS),
    "sales-inbox": Row(get="sales"),
    "sales-item": Row(get="sales", thing="handed_over"),
    "sales-answer": Row(post="sales", thing="handed_over"),
    "price-list": Row(get="admin", post="admin"),
    "price-file": Row(post="admin"),
    "price-remove": Row(post="admin", thing="price"),
    "backtest": Row(get=RUNNERS),
    "backtest-run": Row(post=RUNNERS),
    "calibrate": Row(post="admin"),
    "outcomes": Row(get=RUNNERS),
    "outcomes-preview": Row(post=RUNNERS),
    "outcomes-import": Row(post=RUNNERS),
    "outcomes-undo": Row(post=RUNNERS, thing="outcome_import"),
    "outcome-remove": Row(post="admin", thing="outcome"),
    "signals-help": Row(get=MEMBERS),
    "thresholds": Row(get=RUNNERS, post="admin"),
    "thresholds-try": Row(post="admin"),
    "thresholds-draft": Row(post="admin"),
    "draft-discard": Row(post="admin", thing="policy_draft"),
    "policy-compare": Row(get=RUNNERS),
    "segment": Row(get="admin", post="admin"),
    "segment-try": Row(post="admin"),
    "score-now": Row(post=RUNNERS),
    "notion-setup": Row(get="admin", post="admin"),
    "notion-check": Row(post="admin"),
    "notion-mapping": Row(post="admin"),
    "notion-candidate": Row(post="admin"),
    "notion-preview": Row(post="admin"),
    "notion-roi": Row(post="admin"),
    "notion-qbr-properties": Row(post="admin"),
    "notion-webhooks": Row(get="admin"),
    **{f"notion-webhooks-{act}": Row(post="admin") for act in ("address", "off", "show", "accept", "reject")},
    "quick-refresh-switch": Row(post="admin"),
    "quick-refresh": Row(post=RUNNERS),
    "notion-hook": Row(
        post=MEMBERS, thing="hook", signed=True, public="Notion posts there, and signs what it posts"
    ),
    "currencies": Row(get=RUNNERS, post="admin"),
    "currencies-remove": Row(post="admin"),
    "channels": Row(get="admin"),
    **{f"channels-{act}": Row(post="admin") for act in ("mail", "chat", "events", "secret")},
    "channels-sample": Row(post="admin", thing="channel"),
    "messages": Row(get=READERS),
    "message-file": Row(get="csm manager admin", thing="delivery"),
    "message-retry": Row(post="csm manager admin", thing="delivery"),
    "mailbox-connect": Row(get=READERS),
    "mailbox-return": Row(get=READERS),
    "mailbox-disconnect": Row(post=READERS),
    "sync-runs": Row(get=RUNNERS),
    "sync-now": Row(post=RUNNERS),
    "sync-run": Row(get=RUNNERS, thing="sync_run"),
    "sync-answer": Row(post=RUNNERS, thing="sync_run"),
    "qbr-list": Row(get=MEMBERS),
    "qbr-draft": Row(post=WORKERS, thing="account"),
    "qbr": Row(get=READERS, thing="qbr"),
    "qbr-progress": Row(get=READERS, thing="qbr"),
    "qbr-version": Row(get=READERS, thing="qbr_version"),
    "qbr-compare": Row(get=READERS, thing="qbr"),
    "qbr-comment": Row(get=WORKERS, post=WORKERS, thing="qbr"),
    **{
        f"qbr-comment-{act}": Row(post=WORKERS, thing="qbr_thread") for act in ("answer", "resolve", "reopen")
    },
    "qbr-export": Row(post=READERS, thing="qbr"),
    "qbr-slides": Row(get="admin", post="admin"),
    "qbr-slides-template": Row(get="admin"),
    "qbr-slides-back": Row(post="admin"),
    "qbr-edit": Row(get=WORKERS, post=WORKERS, thing="qbr_section"),
    "qbr-keep": Row(post=WORKERS, thing="qbr_section"),
    "qbr-discard": Row(post=WORKERS, thing="qbr_section"),
    **{
        f"qbr-{step}": Row(post=WORKERS, thing="qbr")
        for step in (
            "submit",
            "withdraw",
            "publish",
            "publish-again",
            "answer",
            "redraft",
            "refresh",
            "vouch",
            "commitments",
        )
    },
    **{f"qbr-{step}": Row(post="manager", thing="qbr") for step in ("request-changes", "approve")},
    "qbr-board": Row(get=RUNNERS),
    "qbr-board-start": Row(post="manager"),
    "qbr-due": Row(post="manager", thing="qbr"),
    "qbr-deputy": Row(post="manager"),
    "qbr-deputy-end": Row(post="manager", thing="deputy"),
    "qbr-restore": Row(post=WORKERS, thing="qbr_version"),
    "jobs": Row(get=RUNNERS),
    "job": Row(get=RUNNERS, thing="job"),
    "job-status": Row(get=RUNNERS, thing="job"),
    "job-retry": Row(post="admin", thing="job"),
    "model-use": Row(get="admin", post="admin"),
    "agent-runs": Row(get=RUNNERS),
    "agent-run": Row(get=RUNNERS, thing="agent_run"),
    "agent-keys": Row(get="admin"),
    "agent-keys-make": Row(post="admin"),
    "agent-key-revoke": Row(post="admin", thing="agent_key"),
    "agent-tasks": Row(post=MEMBERS, signed=True, public="other agents post there, each with its key"),
    "agent-capabilities": Row(
        get=MEMBERS, signed=True, public="other agents look what they may ask for, each with its key"
    ),
    "agent-run-result": Row(
        get=MEMBERS, thing="agent_run", signed=True, public="other agents poll there, each with its key"
    ),
    "agent-nothing": Row(
        get=MEMBERS,
        post=MEMBERS,
        thing="agent_address",
        signed=True,
        public="other agents are told there, each with its key, that there is no such address",
    ),
    "schedule": Row(get="admin"),
    "schedule-run": Row(post="admin", thing="plan"),
}

ALLOWED = {200, 302, 409, 422}
ROLES = ("is_csm", "is_manager", "is_admin", "is_sales")


def addresses(patterns: list[Any] | None = None) -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns)
        else:
            assert isinstance(pattern, URLPattern)
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Two tenants, one of each thing, and everybody signed in; ``sessions`` by actor."""

    tenant: Tenant
    things: Things
    people: dict[str, User]
    sessions: dict[str, str]

    def client(self, actor: str, **options: Any) -> Client:
        """Return a browser of this person's that has done nothing yet."""
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[actor]
        return client


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    """Everything is made once: each of the hundreds of tests ends in its own rollback, to here."""
    with django_db_blocker.unblock(), transaction.atomic():
        ours = Tenant.objects.create(
            name="Northwind Software", slug="northwind", time_zone="Europe/Berlin", currency="EUR"
        )
        theirs = Tenant.objects.create(
            name="Charlie & Co", slug="charlie", time_zone="America/New_York", currency="USD"
        )
        people = {
            "csm": make_member(ours, "Alice", is_csm=True),
            "other-csm": make_member(ours, "Carol", is_csm=True),
            "manager": make_member(ours, "Bob", is_manager=True),
            "admin": make_member(ours, "Ada", is_admin=True),
            "sales": make_member(ours, "Sam", is_sales=True),
            "stranger": make_member(theirs, "Charlie", **dict.fromkeys(ROLES, True)),
            **{role: make_member(theirs, f"Stranger {role}", **{role: True}) for role in ROLES},
        }
        with tenant_scope(ours):
            things = make_things(ours, owner=people["csm"])
        sessions = {
            actor: signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            for actor, user in people.items()
        }
        yield Stage(tenant=ours, things=things, people=people, sessions=sessions)
        transaction.set_rollback(True)


@pytest.fixture
def things(stage: Stage) -> Things:
    return stage.things


@pytest.fixture
def clients(stage: Stage) -> dict[str, Client]:
    return {actor: stage.client(actor) for actor in MEMBERS.split()}


def test_every_address_is_in_the_table_and_the_table_has_no_other() -> None:
    names = set(addresses())

    assert len(names) > 20
    assert names == set(TABLE)


def test_few_addresses_are_public_and_each_says_why() -> None:
    public = [name for name, row in TABLE.items() if row.public]

    assert len(public) <= 16
    assert all(len(TABLE[name].public) > 10 for name in public)


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("method", ["get", "post"])
def test_each_role_gets_what_the_table_says(
    name: str, method: str, clients: dict[str, Client], things: Things
) -> None:
    row = TABLE[name]
    url = reverse(name, kwargs=things.kwargs(row.thing))
    allowed = getattr(row, method)

    for actor, client in clients.items():
        status = getattr(client, method)(url).status_code
        if allowed is None:
            assert status == 405, (actor, status)
        elif row.signed:
            assert status == 401, (actor, status)
        elif actor in allowed.split():
            assert status in ALLOWED, (actor, status)
        else:
            # A thing that this role never sees may be as good as not there.
            assert status in ({403, 404} if row.thing else {403}), (actor, status)


# It ends before a view is asked: no query in it.
@pytest.mark.one_database
@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_visitor_is_sent_to_the_sign_in_page(name: str, things: Things) -> None:
    row = TABLE[name]
    url = reverse(name, kwargs=things.kwargs(row.thing))

    for method, allowed in (("get", row.get), ("post", row.post)):
        if allowed is None:
            continue
        answer = getattr(Client(), method)(url)
        if row.signed:
            assert answer.status_code == 401
        elif row.public:
            assert answer.status_code in (200, 302)
        else:
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_another_tenant_gets_404_and_never_a_word_of_ours(name: str, stage: Stage, things: Things) -> None:
    row = TABLE[name]
    url = reverse(name, kwargs=things.kwargs(row.thing))
    is_ours = bool(row.thing) and row.thing not in ("plan", "channel")
    strangers = ["stranger"]
    if is_ours and not row.signed:
        # Whoever has fewer roles is not to learn from a 403 that there is such a thing.
        strangers += ROLES

    for stranger in strangers:
        client = stage.client(stranger)
        for method, allowed in (("get", row.get), ("post", row.post)):
            if allowed is None:
                continue
            answer = getattr(client, method)(url)
            if row.signed:
                assert answer.status_code == 401
            elif is_ours:
                assert answer.status_code == 404, (stranger, method)
            assert CANARY not in answer.content.decode(errors="replace")


@pytest.mark.one_database
@pytest.mark.parametrize("name", sorted(name for name, row in TABLE.items() if row.post is not None))
def test_a_post_without_its_token_is_refused(name: str, stage: Stage, things: Things) -> None:
    client = stage.client("admin", enforce_csrf_checks=True)

    refused = 401 if TABLE[name].signed else 403
    assert client.post(reverse(name, kwargs=things.kwargs(TABLE[name].thing))).status_code == refused


def test_a_lost_role_is_lost_at_the_next_request(stage: Stage) -> None:
    client = stage.client("admin")
    assert client.get(reverse("schedule")).status_code == 200

    with tenant_scope(stage.tenant):
        Membership.objects.filter(user=stage.people["admin"]).update(is_admin=False, is_csm=True)

    assert client.get(reverse("schedule")).status_code == 403


def test_a_member_of_nothing_is_told_so(db: Any) -> None:
    stranger = User.objects.create_user("eve@example.org", "x" * 20, name="Eve")

    answer = signed_in(stranger).get(reverse("portfolio"))

    assert answer.status_code == 403
    assert "invite" in answer.content.decode().lower() or "admin" in answer.content.decode().lower()


@pytest.mark.parametrize("name", ["portfolio", "churn-risk", "account_login", "thresholds"])
def test_pages_have_the_headers_of_a_strict_policy(name: str, stage: Stage) -> None:
    answer = stage.client("admin").get(reverse(name), follow=True)

    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "no-store" in answer.headers["Cache-Control"]
    assert {"HX-Request", "Cookie"} <= {part.strip() for part in answer.headers["Vary"].split(",")}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
