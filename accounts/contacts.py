"""The people on the customer's side, as the workspace names them: ``Jana Weiss <jana@example.com>``, or less. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_AROUND: Final = " \t<>()[],;:|–—-"
# What people write behind a name is a role: "Jana Weiss (HR)", "Jana Weiss – HR", "Jana Weiss | HR".
_ROLE: Final = re.compile(r"\s*\([^)]*\)?\s*$|\s+[–—|/-]\s.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One person; name or address may be empty, not both."""

    name: str
    email: str


def read(texts: Iterable[str]) -> tuple[Contact, ...]:
    """Return the contacts in order, those that say nothing left out."""
    found = []
    for text in texts:
        plain = " ".join(str(text).split())
        match = _EMAIL.search(plain)
        email = match[0] if match is not None else ""
        name = plain.replace(email, " ") if email else plain
        name = " ".join(name.replace("<", " ").replace(">", " ").split())
        name = (_ROLE.sub("", name).strip(_AROUND) or name).strip(_AROUND)
        if name or email:
            found.append(Contact(name=name, email=email))
    return tuple(found)
