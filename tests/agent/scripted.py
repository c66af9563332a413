"""Writers that do to whoever asks them what a model may do; a test chooses one by the model's name."""

from typing import Any


def broken(**settings: Any) -> Any:
    raise RuntimeError("The key sk-canary-7f3a is wrong for Harbour Logistics.")
