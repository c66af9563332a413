"""What the addresses and forms of the policy pages hold, read from text."""

from django.http import Http404


def whole(text: str | None) -> int | None:
    """Return the number of a version. Raises 404 for what can be none."""
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise Http404("There is no version of that number.")
    return int(text)
