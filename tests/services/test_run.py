"""The second try of ``make test`` (docs/decisions/0006)."""

from pathlib import Path

import pytest

from tests.services import run

pytestmark = pytest.mark.one_database

SHAKY = """
from pathlib import Path

def test_shaky():
    seen = Path(__file__).with_name("seen")
    was_here = seen.exists()
    seen.touch()
    assert was_here

def test_sound():
    assert True
"""


def lane(folder: Path, text: str) -> run.Lane:
    (folder / "test_it.py").write_text(text)
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]")
    plain = ["-p", "xdist", "-c", str(settings), "--rootdir", str(folder)]
    # The other plugins take seconds to load, in each of three processes.
    return run.run_lane("Tried", [*plain, "-n", "2", str(folder)], PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")


def test_a_test_that_passes_alone_passes_and_is_named(tmp_path):
    found = lane(tmp_path, SHAKY)

    assert (found.status, found.tried_again) == (0, ("test_it.py::test_shaky",))


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        ("def test_wrong():\n    assert False\n", ("test_it.py::test_wrong",)),
        ("import nothing_of_that_name\n", ("test_it.py",)),
        ("".join(f"def test_{n}():\n    assert False\n" for n in range(4)), ()),
    ],
    ids=["wrong_both_times", "does_not_import", "too_many_for_a_stall"],
)
def test_what_fails_again_or_in_numbers_is_red(tmp_path, text, tried):
    found = lane(tmp_path, text)

    assert found.status != 0
    assert found.tried_again == tried
