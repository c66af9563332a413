"""The score can be used anywhere: it needs no Django (SPEC 3.1)."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
for name in ("django", "notion_client", "litellm"):
    sys.modules[name] = None
import importlib, pkgutil
from accounts.scoring import CSMHealthScorer
import accounts.scoring
names = [module.name for module in pkgutil.iter_modules(accounts.scoring.__path__, "accounts.scoring.")]
for name in names:
    importlib.import_module(name)
assert not [name for name in sys.modules if name.startswith("django.")]
print(len(names), *CSMHealthScorer().compute_score(payment_current=False, usage_trend="declining"))
"""


def test_the_whole_package_imports_and_scores_without_django() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.stderr == ""
    count, score, band = ran.stdout.split()
    assert int(count) >= 12
    assert (score, band) == ("65", "Amber")
