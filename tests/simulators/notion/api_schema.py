"""Hold an answer against the JSON schema of the official SDK's types (shared/notion)."""

import pytest

from benchmarks.recordings import FOLDER, are_here, problems, recorded, recorded_before

__all__ = ["needs_recordings", "problems", "recorded", "recorded_before"]

needs_recordings = pytest.mark.skipif(
    not are_here(), reason=f"The recorded answers and their schema are not here: {FOLDER} is missing."
)
