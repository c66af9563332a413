"""A CSM Profile in the simulator, and a person at work on it by hand."""

import random
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from accounts.models import Account, CSMProfile
from accounts.profile import Month, ProfileFacts, Review, RiskSpell
from csm_portal.integrations.notion import client
from csm_portal.simulators.notion import seed
from tests.workspace import Connected

FACTS = ProfileFacts(
    owner="Alice",
    segment="Mid-Market",
    stage="Live",
    arr=Decimal(48000),
    currency="EUR",
    renewal_on=date(2027, 1, 31),
    notice_on=None,
    seats_used=90,
    seats_purchased=100,
    last_interaction_on=date(2026, 5, 10),
    contacts=("Dana Fox", "Ola Nordmann"),
    goals="",
    score=71,
    band="Amber",
    band_since=date(2026, 5, 3),
    band_reason="",
    months=(Month(month=date(2026, 5, 1), score=71, band="Amber", change=-9),),
    risks=(RiskSpell(since=date(2026, 5, 3), level="medium", called_by="the contract"),),
    reviews=(Review(label="Q1 2026", state="published", on=date(2026, 4, 4)),),
)


def any_facts(chance: random.Random) -> ProfileFacts:
    """Return facts that differ from others in how many lines there are and in what they say."""
    score = chance.randrange(100)
    months = tuple(
        Month(month=date(2026, month, 1), score=chance.randrange(100), band="Amber", change=None)
        for month in range(chance.randrange(1, 5), 0, -1)
    )
    return replace(
        FACTS,
        owner=chance.choice(["Alice", "Bob"]),
        contacts=tuple(f"Contact {chance.randrange(4)}" for _ in range(chance.randrange(5))),
        score=chance.choice([None, score]),
        months=months,
        notice_on=chance.choice([None, date(2026, 10, 31)]),
        risks=chance.choice([(), FACTS.risks]),
        reviews=tuple(
            Review(label=f"Q{number} 2025", state="published", on=date(2026, 1, 4))
            for number in range(chance.randrange(4))
        ),
    )


@dataclass
class Person:
    """Somebody who writes on the page with a token of their own, so that what they make is theirs."""

    notion: Connected
    page_id: str
    chance: random.Random
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = seed.add_integration(
            self.notion.app.store,
            workspace_id=self.notion.seeded.id,
            name="Somebody",
            shares=[self.notion.seeded.accounts_database_id],
        )

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        http = httpx.Client(transport=httpx.WSGITransport(self.notion.app), base_url="http://simulator")
        headers = {"Authorization": f"Bearer {self.token}", "Notion-Version": client.VERSION}
        answer = http.request(method, f"/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def blocks(self) -> list[dict[str, Any]]:
        return list(self.api("GET", f"blocks/{self.page_id}/children?page_size=100")["results"])

    def add(self, words: str, *, after: str | None = None) -> str:
        place = {"type": "after_block", "after_block": {"id": after}} if after else {"type": "start"}
        made = self.api(
            "PATCH", f"blocks/{self.page_id}/children", {"children": [_paragraph(words)], "position": place}
        )
        return str(made["results"][0]["id"])

    def write_into(self, block: dict[str, Any], words: str) -> None:
        kind = block["type"]
        runs = [{"type": "text", "text": {"content": words}}]
        self.api("PATCH", f"blocks/{block['id']}", {kind: {"rich_text": runs}})

    def remove(self, block_id: str) -> None:
        self.api("DELETE", f"blocks/{block_id}")

    def order(self, block_ids: list[str]) -> None:
        """Drag the blocks of the page into this order; the API cannot, people can."""
        with self.notion.app.store.writing() as db:
            for place, block_id in enumerate(block_ids):
                db.execute("UPDATE blocks SET place = ? WHERE id = ?", (place, block_id))

    def do_something(self, number: int) -> None:
        """Add, change, remove or move something, anywhere on the page."""
        standing = self.blocks()
        ids = [block["id"] for block in standing]
        chosen = self.chance.choice(standing) if standing else None
        match self.chance.randrange(5):
            case 0 | 1:
                self.add(f"A note, number {number}", after=self.chance.choice([None, *ids]))
            case 2 if chosen and "rich_text" in chosen[chosen["type"]]:
                self.write_into(chosen, f"Written by hand, number {number}")
            case 3 if chosen:
                self.remove(chosen["id"])
            case 4 if len(ids) > 1:
                moved = ids.pop(self.chance.randrange(len(ids)))
                ids.insert(self.chance.randrange(len(ids) + 1), moved)
                self.order(ids)


def words(block: dict[str, Any]) -> str:
    """Return what a block says, "" for a table."""
    return "".join(item["plain_text"] for item in block[block["type"]].get("rich_text", []))


def own_ids(account: Account) -> set[str]:
    return {one["id"] for one in CSMProfile.objects.get(account=account).blocks}


def _paragraph(words: str) -> dict[str, Any]:
    return {"type": "paragraph", "paragraph": {"rich_text": [{"type": "text", "text": {"content": words}}]}}
