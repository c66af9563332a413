"""Webhooks: subscriptions, what they are owed, and the signature that each delivery carries.

Events are made by writes of the API. A subscription with an address on this machine has them posted by a thread
(sending); one without keeps them until they are taken, which is how tests deliver them by themselves.
"""

import hashlib
import hmac
import json
import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from csm_portal.simulators.notion import errors, events, identifiers, sending, store
from csm_portal.simulators.notion.call import Bot, Call, Event

SIGNATURE = "X-Notion-Signature"
MOST_ATTEMPTS = 8
_INTEGRATIONS = uuid.UUID("7d0f8a52-3c1e-4c57-9d3b-1f3f0a6f5a10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST: the raw body as it was signed, and its headers. ``event`` is the body read as JSON."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How unreliable a subscription is: shares from 0 to 1 that are lost or come twice, and whether order is kept."""

    types: frozenset[str] = frozenset(events.TYPES)
    loss: float = 0.0
    duplicates: float = 0.0
    is_reordered: bool = False
    attempts: int = MOST_ATTEMPTS
    first_wait_seconds: float = 0.5


@dataclass(slots=True, kw_only=True)
class Subscription:
    """``verification_token`` is posted first; events begin once a person has brought it back, and are signed with it."""

    id: str
    bot: Bot
    workspace_name: str
    url: str | None
    verification_token: str
    terms: Terms
    is_verified: bool = False
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("events", "lost", "duplicated", "delivered", "failed", "given_up"), 0
        )
    )

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "integration_id": integration_id(self.bot),
            "url": self.url,
            "verification_token": self.verification_token,
            "verified": self.is_verified,
            **self.counts,
        }


def integration_id(bot: Bot) -> str:
    """Return the id of an integration, which is not that of its bot user."""
    return str(uuid.uuid5(_INTEGRATIONS, bot.id))


def sign(body: bytes, *, verification_token: str) -> str:
    """Return the signature of a raw body: HMAC-SHA256 in hex, keyed with the subscription's verification token."""
    return "sha256=" + hmac.new(verification_token.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """Keeps the subscriptions of one simulator. Threads share it; a restart forgets it."""

    def __init__(self, *, mint: identifiers.Mint, seed: int | None = None) -> None:
        self._mint = mint
        self._random = random.Random(seed)  # noqa: S311 - losses on request are no secret
        self._subscriptions: dict[str, Subscription] = {}
        self._owed: list[tuple[Subscription, Callable[[int], Delivery]]] = []
        self._sender = sending.Sender(shuffle=self._random.shuffle)
        self._lock = Lock()

    def subscribe(
        self,
        bot: Bot,
        *,
        workspace_name: str,
        url: str | None = None,
        terms: Terms | None = None,
        is_verified: bool = False,
    ) -> Subscription:
        """Add a subscription and owe it the verification token, unless it counts as verified from the start.

        ``url`` leads to this machine (``sending.address_of``); without one, what is owed waits for ``take``.
        """
        subscription = Subscription(
            id=self._mint.uuid(),
            bot=bot,
            workspace_name=workspace_name,
            url=url,
            verification_token="secret_" + self._mint.token().removeprefix("ntn_"),
            terms=terms or Terms(),
            is_verified=is_verified,
        )
        with self._lock:
            self._subscriptions[subscription.id] = subscription
        if not is_verified:
            body = store.pack({"verification_token": subscription.verification_token}).encode()
            delivery = Delivery(body=body, headers=_headers())
            self._owe(subscription, [lambda _attempt: delivery])
        return subscription

    def seed(self, number: int) -> None:
        """Make what is lost, doubled and mixed from here on repeatable."""
        self._random.seed(number)

    def verify(self, verification_token: str) -> Subscription:
        """Let a subscription begin: a person has pasted the token that arrived. Raises ApiError for another token."""
        with self._lock:
            for subscription in self._subscriptions.values():
                if hmac.compare_digest(subscription.verification_token.encode(), verification_token.encode()):
                    subscription.is_verified = True
                    return subscription
        raise errors.validation("No subscription waits for this verification token.")

    def clear(self) -> None:
        """Forget every subscription and what they are owed."""
        with self._lock:
            self._subscriptions.clear()
            self._owed.clear()
        self._sender.forget()

    def heard_by(self, call: Call) -> list[tuple[Subscription, Event]]:
        """Return who hears of what a request has done. Asked before the commit, as it looks at the shares."""
        with self._lock:
            listening = [each for each in self._subscriptions.values() if each.is_verified]
        heard = []
        for subscription in listening if call.events else ():
            eyes = (
                call
                if subscription.bot.id == call.bot.id
                else replace(call, bot=subscription.bot, _visible={})
            )
            heard += [
                (subscription, event)
                for event in call.events
                if event.type in subscription.terms.types and eyes.sees(event.entity["id"])
            ]
        return heard

    def publish(self, heard: Iterable[tuple[Subscription, Event]]) -> None:
        """Owe events to their subscriptions, some of them lost and some twice, as the terms say."""
        for subscription, event in heard:
            subscription.counts["events"] += 1
            with self._lock:
                is_lost = self._random.random() < subscription.terms.loss
                is_twice = self._random.random() < subscription.terms.duplicates
            if is_lost:
                subscription.counts["lost"] += 1
                continue
            subscription.counts["duplicated"] += is_twice
            # A duplicate is the same event, with the same id, once more.
            make = _maker(subscription, event, event_id=self._mint.uuid())
            self._owe(subscription, [make] * (1 + is_twice))

    def _owe(self, subscription: Subscription, made: list[Callable[[int], Delivery]]) -> None:
        if subscription.url is not None:
            for make in made:
                self._sender.send(subscription, make)
            return
        with self._lock:
            self._owed += [(subscription, make) for make in made]

    def take(self) -> list[Delivery]:
        """Return and forget what subscriptions without an address are owed, in the order in which it would come."""
        with self._lock:
            owed, self._owed = self._owed, []
            if any(subscription.terms.is_reordered for subscription, _ in owed):
                self._random.shuffle(owed)
        for subscription, _ in owed:
            subscription.counts["delivered"] += 1
        return [make(1) for _, make in owed]

    def wait(self, *, seconds: float = 10.0) -> bool:
        """Wait until nothing is on its way to an address; tell whether it came to that in time."""
        return self._sender.wait(seconds=seconds)

    def state(self) -> dict[str, Any]:
        with self._lock:
            subscriptions = [each.as_json() for each in self._subscriptions.values()]
            waiting = len(self._owed)
        return {"subscriptions": subscriptions, "to_take": waiting, "on_their_way": self._sender.pending}

    def close(self) -> None:
        """Stop sending; what is still owed is lost."""
        self._sender.close()


def _maker(subscription: Subscription, event: Event, *, event_id: str) -> Callable[[int], Delivery]:
    def make(attempt: int) -> Delivery:
        payload = {
            "id": event_id,
            "timestamp": store.instant(event.at),
            "workspace_id": subscription.bot.workspace_id,
            "workspace_name": subscription.workspace_name,
            "subscription_id": subscription.id,
            "integration_id": integration_id(subscription.bot),
            "authors": [dict(event.author)],
            "attempt_number": attempt,
            "api_version": errors.VERSION,
            "entity": dict(event.entity),
            "type": event.type,
            "data": dict(event.data),
        }
        body = store.pack(payload).encode()
        signature = sign(body, verification_token=subscription.verification_token)
        return Delivery(body=body, headers=_headers() | {SIGNATURE: signature})

    return make


def _headers() -> dict[str, str]:
    return {"Content-Type": "application/json", "User-Agent": "notion-simulator"}
