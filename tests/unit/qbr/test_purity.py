"""The pure modules of a review know no Django and no model's SDK (ARCHITECTURE, layers)."""

import subprocess
import sys

_PURE = (
    "qbr.catalogue qbr.citations qbr.document qbr.drafting qbr.editing qbr.facts qbr.figures qbr.quarters qbr.schemas qbr.salvage "
    "qbr.workflow qbr.anchors qbr.merging qbr.side_by_side qbr.word_changes qbr.grounding.check qbr.prompts.review qbr.prompts.advice csm_portal.integrations.llm.templates "
    "csm_portal.integrations.llm.litellm_writer"
)
_SCRIPT = f"""
import sys
for name in ("django", "litellm", "httpx", "openai"):
    sys.modules[name] = None
for name in {_PURE!r}.split():
    __import__(name)
"""


def test_the_pure_modules_import_without_django_and_without_litellm():
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
