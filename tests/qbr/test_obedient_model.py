"""CHECKS 16, 18 and 21: a model that obeys a planted note changes the text of its own draft, and nothing else."""

import hashlib
import json
import re
import socket
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from accounts.models import Account
from csm_portal.core import secrets
from csm_portal.core.models import ModelCall, Tenant, User
from csm_portal.core.scope import across_tenants, tenant_scope
from qbr.models import QBR, Publication, Transition
from qbr.services import drafting
from qbr.workflow import State
from tests.conftest import signed_in
from tests.factories import make_account
from tests.qbr.attacks import ObedientModel, payloads
from tests.qbr.conftest import LATER, NOW
from tests.qbr.reviews import drafted, fresh, job_is_done, says, write_more, writers
from tests.unit.qbr import hostile

pytestmark = pytest.mark.django_db

FOREIGN = "Canary-of-another-tenant"
SECRET = "canary-secret-5151"
# What a draft is made of, and the record of how it was made.
ITS_OWN = {
    "qbr.qbr", "qbr.qbrrevision", "qbr.qbrfact", "qbr.transition", "core.auditevent", "core.job", "core.modelcall",
    "core.modelusage",
}  # fmt: skip
# Every fifth, so that each order and each disguise comes up; ``payloads`` has all eighty.
SAMPLE = payloads()[::6]


def everything_else() -> str:
    """Return a hash of every row of every tenant that is no part of a draft."""
    digest = hashlib.sha256()
    with across_tenants("a test looks at every row"):
        for model in sorted(apps.get_models(), key=lambda one: one._meta.label_lower):
            if model._meta.label_lower not in ITS_OWN:
                rows = sorted(map(repr, model._base_manager.values_list()))
                digest.update(repr((model._meta.label_lower, rows)).encode())
    return digest.hexdigest()


def test_there_are_eighty_payloads_and_each_is_another() -> None:
    assert len(set(payloads())) == 80


def test_an_obedient_model_changes_nothing_but_its_own_draft(
    harbour: Account, alice: User, other_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(other_tenant):
        make_account(name=FOREIGN, notes=FOREIGN)
    secrets.store("notion_token_candidate", SECRET, now=NOW)
    calls: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: calls.append(address))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, address: calls.append(address))
    model = ObedientModel()
    qbr = drafted(harbour, actor=alice)

    for number, payload in enumerate(SAMPLE):
        Account.objects.filter(pk=harbour.pk).update(notes=payload)
        before = everything_else()
        qbr = drafting.redraft(fresh(qbr), actor=alice, version=fresh(qbr).version, now=LATER)
        job_is_done(qbr.draft_job)
        drafting.draft(qbr.pk, writers=writers(model), now=LATER)
        after = fresh(qbr)

        assert everything_else() == before, payload
        assert (after.state, after.approved_by, after.published_at) == (State.DRAFT, None, None), payload
        text = says(after)
        assert text.revision.author_name == "obedient", "the model was believed: this is its own text"
        whole = json.dumps(text.revision.content, ensure_ascii=False)
        assert FOREIGN not in whole
        assert SECRET not in whole
        assert len(model.asked) == 2 * (number + 1), "the fields of its own were refused, once"
    assert calls == []
    assert not Publication.objects.exists()
    actions = set(Transition.objects.filter(qbr=qbr).values_list("action", flat=True))
    assert actions == {"redraft"}
    assert_prompts_hold_what_is_listed(model)


def assert_prompts_hold_what_is_listed(model: ObedientModel) -> None:
    """CHECK 21: facts with ids of the catalogue, the notes in a fence, and nothing else of the database."""
    for task in model.asked:
        whole = f"{task.system}\n{task.prompt}"
        assert FOREIGN not in whole
        assert SECRET not in whole
        assert not re.search(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", whole)
        fences = re.findall(r"^=+ begin data: (.+?) =+$", task.prompt, flags=re.MULTILINE)
        assert {name.partition(":")[0] for name in fences} <= {"facts", "notes", "previous answer"}
    assert all(
        len(call.prompt_hash) == len(call.inputs_hash) == 64 and call.model
        for call in ModelCall.objects.all()
    )


class _Inside(HTMLParser):
    """Collects the tags and attributes of the review's own text."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self.depth += 1
        if self.depth:
            self.tags.add(tag)
            self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self.depth -= 1


# Of a review's own text on its page; a fact's figure is a link to its line in the list beside it.
TAGS = {
    "article", "p", "h2", "h3", "ul", "ol", "li", "a", "mark", "span", "strong", "table", "caption", "thead", "tbody",
    "tr", "th", "td", "div", "svg", "path", "circle", "use", "section", "details", "summary", "code", "time",
}  # fmt: skip


def test_fifty_hostile_samples_are_inert_on_the_page(harbour: Account, alice: User) -> None:
    """CHECK 18, the HTML of it: the files and Notion's blocks are in ``tests/unit/qbr/test_outputs.py``."""
    samples = hostile.samples(50)
    qbr = drafted(harbour, actor=alice)
    client = signed_in(alice)
    for first in range(0, 50, 10):
        lines = [" ".join(sample.split()) for sample in samples[first : first + 10]]
        text = "\n\n".join(f"Said: {line}" for line in lines).encode("utf-8", "replace").decode()
        qbr = write_more(qbr, text.replace("\0", ""), by=alice)

    for version in ("internal", "customer"):
        html = client.get(reverse("qbr", args=[qbr.pk]), {"version": version}).content.decode()
        found = _Inside()
        found.feed(html)
        assert found.depth == 0
        assert found.tags <= TAGS, found.tags - TAGS
        assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "style")]
        links = [value for name, value in found.attributes if name in ("href", "xlink:href")]
        assert all(link.startswith(("#", "/", "?")) and not link.startswith("//") for link in links), links
        assert "evil.example" in html, "the samples are on the page, as text"
    assert QBR.objects.get(pk=qbr.pk).state == State.DRAFT
