"""What went out and what did not: the list of deliveries, those of one thing, and how the channels are connected."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import DigestChannel, DigestChoice
from csm_portal.core import secret_names
from csm_portal.core.models import (
    ChannelConnection,
    ChannelName,
    Delivery,
    DeliveryState,
    Membership,
    Role,
    TenantSecret,
    User,
)

PAGE_SIZE = 30
SAMPLE_TOPIC = "channel.sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One delivery as a page shows it. ``text`` is empty where the channel has none."""

    pk: UUID
    channel: str
    label: str
    state: str
    title: str
    note: str
    text: str
    about_id: str
    about_page: str
    person: str
    created_at: datetime
    next_at: datetime | None
    attempts: int
    receipt: str
    error: str
    is_doubtful: bool
    may_be_twice: bool
    can_retry: bool

    @property
    def first_line(self) -> str:
        return self.text.strip().partition("\n")[0]

    @property
    def has_more(self) -> bool:
        return "\n" in self.text.strip()

    @property
    def has_failed(self) -> bool:
        return self.state == DeliveryState.FAILED

    @property
    def is_draft(self) -> bool:
        return self.channel == ChannelName.MAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    label: str
    url: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesPage:
    """A page of one channel's deliveries, newest first. ``older`` continues it."""

    channel: str
    label: str
    rows: tuple[Message, ...]
    tabs: tuple[Tab, ...]
    older: str
    failed: int
    shows_everybody: bool


def visible_to(membership: Membership) -> QuerySet[Delivery]:
    """Return the deliveries that a member may read: managers and admins all, a CSM drafts of their own."""
    if membership.roles & {Role.MANAGER, Role.ADMIN}:
        return Delivery.objects.all()
    if Role.CSM in membership.roles:
        return Delivery.objects.exclude(channel=ChannelName.MAIL) | Delivery.objects.filter(
            channel=ChannelName.MAIL, person_id=membership.user_id
        )
    return Delivery.objects.none()


def can_retry(membership: Membership, delivery: Delivery) -> bool:
    """Whether the member may have a failed delivery tried again: whom it concerns, managers and admins."""
    if delivery.state != DeliveryState.FAILED:
        return False
    is_lead = bool(membership.roles & {Role.MANAGER, Role.ADMIN})
    return is_lead or (Role.CSM in membership.roles and delivery.person_id == membership.user_id)


def page(
    membership: Membership, *, channel: ChannelName, before: str = "", size: int = PAGE_SIZE
) -> MessagesPage:
    """Return one channel's deliveries. Two queries however many there are."""
    mine = visible_to(membership)
    counts = {
        row["channel"]: row["n"]
        for row in mine.filter(state=DeliveryState.FAILED).values("channel").annotate(n=Count("pk"))
    }
    found = mine.filter(channel=channel).select_related("event", "person").order_by("-created_at", "-pk")
    if place := _place(before):
        moment, key = place
        # What one scan hands over is written in one moment: the key says which of it comes next.
        found = found.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=key))
    rows = list(found[: size + 1])
    return MessagesPage(
        channel=channel,
        label=channel.label,
        rows=tuple(_message(row, membership) for row in rows[:size]),
        tabs=tuple(
            Tab(
                label=_TAB_LABELS[one],
                url=f"?channel={one}",
                is_current=one is channel,
                count=counts.get(one) or None,
            )
            for one in _TAB_LABELS
        ),
        older=_mark(rows[size - 1]) if len(rows) > size else "",
        failed=counts.get(channel, 0),
        shows_everybody=bool(membership.roles & {Role.MANAGER, Role.ADMIN}),
    )


def about(about_id: UUID, membership: Membership) -> tuple[Message, ...]:
    """Return how one thing (an alert) went out on each channel, the latest time it did. One query."""
    rows = (
        Delivery.objects.filter(about_id=str(about_id))
        .select_related("event", "person")
        .order_by("-created_at", "channel")
    )
    latest: dict[str, Message] = {}
    for row in rows[:40]:
        latest.setdefault(row.channel, _message(row, membership))
    return tuple(latest[channel] for channel in ChannelName if channel in latest)


_TAB_LABELS: Mapping[ChannelName, str] = {
    ChannelName.MAIL: "Drafts",
    ChannelName.CHAT: "Chat",
    ChannelName.EVENTS: "Events",
    ChannelName.NOTION: "Notion",
}


def _about(row: Delivery) -> tuple[str, str]:
    """Return the page that tells of what a message is about, and what it goes by there; none where there is no page."""
    match row.event.topic.partition(".")[0]:
        case "expansion":
            return "opportunity", row.about_id
        case "coaching":
            # A plan is shown on the page of its account.
            return "coaching", row.event.subject_id
        case _:
            return "alert", row.about_id


def _message(row: Delivery, membership: Membership) -> Message:
    message: Mapping[str, Any] = row.message
    title, text = _words(ChannelName(row.channel), message)
    return Message(
        pk=row.pk,
        channel=row.channel,
        label=ChannelName(row.channel).label,
        state=row.state,
        title=title or ("Sample" if row.event.topic == SAMPLE_TOPIC else row.event.subject_name),
        note=f"{message.get('type', '')}, {message.get('priority', '')} priority"
        if row.channel == ChannelName.EVENTS
        else "",
        text=text,
        about_id=_about(row)[1],
        about_page=_about(row)[0],
        person=str(row.person) if row.person else "",
        created_at=row.created_at,
        next_at=row.not_before if row.state == DeliveryState.PENDING and row.attempts else None,
        attempts=row.attempts,
        # What a mailbox or a space calls a message says nothing to a person.
        receipt=row.receipt if row.receipt.startswith(("kept in", "on the page")) else "",
        error=row.last_error,
        is_doubtful=row.is_doubtful,
        may_be_twice=row.may_be_twice,
        can_retry=can_retry(membership, row),
    )


def _words(channel: ChannelName, message: Mapping[str, Any]) -> tuple[str, str]:
    """Return the title of a message, where it has one of its own, and what it says, as a page shows it."""
    match channel:
        case ChannelName.MAIL:
            return str(message.get("subject", "")), str(message.get("text", ""))
        case ChannelName.CHAT:
            # Its markup is the chat's, and its link leads back here.
            lines = [line.replace("*", "") for line in str(message.get("text", "")).splitlines()]
            return "", "\n".join(line for line in lines if not line.startswith("<http"))
        case ChannelName.EVENTS:
            return "", str(message.get("data", {}).get("headline", ""))
        case ChannelName.NOTION:
            return "", ""


def _mark(row: Delivery) -> str:
    return f"{row.created_at.isoformat()} {row.pk}"


def _place(mark: str) -> tuple[datetime, UUID] | None:
    moment, _, key = mark.partition(" ")
    try:
        place = datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        return None
    return place if place[0].tzinfo else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCard:
    """How one channel is connected. ``stored`` names the form's secrets that are there; ``last`` is the latest try."""

    channel: ChannelName
    mode: str
    settings: Mapping[str, Any]
    updated_at: datetime | None
    stored: frozenset[str]
    last: Message | None
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsPage:
    mail: ChannelCard
    chat: ChannelCard
    events: ChannelCard
    connected_mailboxes: int
    people: tuple[tuple[str, str], ...]


_FIELDS: Mapping[str, tuple[ChannelName, str]] = {
    secret_names.MAIL_CLIENT_SECRET: (ChannelName.MAIL, "client_secret"),
    secret_names.MAIL_SERVICE_ACCOUNT: (ChannelName.MAIL, "key_file"),
    secret_names.CHAT_WEBHOOK: (ChannelName.CHAT, "webhook_url"),
    secret_names.CHAT_SERVICE_ACCOUNT: (ChannelName.CHAT, "key_file"),
    secret_names.EVENTS_URL: (ChannelName.EVENTS, "url"),
}


def channels(membership: Membership) -> ChannelsPage:
    """Return how the channels are connected. A fixed number of queries."""
    connections = {row.channel: row for row in ChannelConnection.objects.all()}
    names = list(TenantSecret.objects.values_list("name", flat=True))
    failed = dict(
        Delivery.objects.filter(state=DeliveryState.FAILED)
        .values_list("channel")
        .annotate(n=Count("pk"))
        .values_list("channel", "n")
    )

    def card(channel: ChannelName) -> ChannelCard:
        row = connections.get(channel)
        latest = (
            Delivery.objects.filter(channel=channel)
            .select_related("event", "person")
            .order_by("-created_at", "-pk")
            .first()
        )
        return ChannelCard(
            channel=channel,
            mode=row.mode if row else "portal",
            settings=row.settings if row else {},
            updated_at=row.updated_at if row else None,
            stored=frozenset(
                field for name, (of, field) in _FIELDS.items() if of is channel and name in names
            ),
            last=_message(latest, membership) if latest else None,
            failed=failed.get(channel, 0),
        )

    return ChannelsPage(
        mail=card(ChannelName.MAIL),
        chat=card(ChannelName.CHAT),
        events=card(ChannelName.EVENTS),
        connected_mailboxes=sum(name.startswith("mail_refresh:") for name in names),
        people=_people(),
    )


def _people() -> tuple[tuple[str, str], ...]:
    """Return who reads accounts, as a form offers them: the id and the name. One query."""
    reads = Q(is_csm=True) | Q(is_manager=True) | Q(is_admin=True)
    found = Membership.objects.filter(reads, user__is_active=True).order_by("user__name", "user_id")
    return tuple((str(key), name) for key, name in found.values_list("user_id", "user__name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Whether a person may connect a mailbox of their own, and has."""

    can_connect: bool
    is_connected: bool


def mailbox(person: User, membership: Membership) -> Mailbox:
    """Return how a person's own mailbox stands: asked for of CSMs, and of whoever else gets drafts. Three queries at most."""
    connection = ChannelConnection.objects.filter(channel=ChannelName.MAIL, mode="oauth").first()
    asks = connection is not None and (
        Role.CSM in membership.roles
        or connection.settings.get("fallback") == str(person.pk)
        or DigestChoice.objects.filter(person=person, channel=DigestChannel.MAIL).exists()
    )
    has = TenantSecret.objects.filter(name=secret_names.mail_refresh_token(person)).exists()
    return Mailbox(can_connect=asks or has, is_connected=has)
