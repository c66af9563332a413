"""What the documents promise, held against the code both ways."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).resolve().parent.parent


def variables_read() -> set[str]:
    code = (ROOT / "csm_portal" / "settings.py").read_text() + (ROOT / "csm_portal" / "env.py").read_text()
    return set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", code)) | {"CSM_ENV_FILE"}


def variables_described() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))


def test_every_variable_is_described_and_every_description_is_of_a_variable() -> None:
    assert len(variables_read()) > 20
    assert variables_read() == variables_described()


def test_the_imports_point_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_no_file_names_a_package_index() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    locks = [name for name in tracked if name.startswith("requirements/")]

    assert len(locks) == 3
    for name in locks:
        assert "://" not in (ROOT / name).read_text()


@pytest.mark.parametrize("target", ["help", "setup", "demo", "test", "lint", "bench", "bench-health"])
def test_make_has_the_commands_of_the_readme(target: str) -> None:
    listed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert f"make {target} " in listed


def test_the_recipes_name_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(
        re.findall(r"`((?:accounts|qbr|csm_portal|templates|static|tests|docs|benchmarks)/[\w./-]*\w)`", text)
    )

    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
