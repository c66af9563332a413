"""Links into the portal, for messages that are read elsewhere."""

from typing import Any

from django.conf import settings
from django.urls import reverse


def to(name: str, *args: Any) -> str:
    """Return the whole address of a page, or nothing where CSM_PUBLIC_URL does not say under which it is reached."""
    base: str = settings.CSM_PUBLIC_URL
    return f"{base.rstrip('/')}{reverse(name, args=args)}" if base else ""
