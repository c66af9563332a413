"""The template that a company's slides are made from: brought by an admin, or the portal's own."""

from datetime import datetime

from django.db import transaction

from csm_portal.core import audit
from csm_portal.core.models import User
from qbr.models import SlideTemplate
from qbr.outputs import template


def replace(file: bytes, *, name: str, actor: User, now: datetime) -> SlideTemplate:
    """Make all slides from this file from now on. Raises template.Unreadable for one that cannot be a template."""
    template.opened(file)
    with transaction.atomic():
        SlideTemplate.objects.all().delete()
        kept = SlideTemplate.objects.create(file=file, name=name[:200], uploaded_by=actor, uploaded_at=now)
        audit.record("slide_template.replaced", kept, actor=actor, at=now, data={"bytes": len(file)})
    return kept


def take_back(*, actor: User, now: datetime) -> bool:
    """Make slides from the portal's own template again; return whether another was in use."""
    with transaction.atomic():
        found = SlideTemplate.objects.select_for_update().first()
        if found is None:
            return False
        audit.record("slide_template.removed", found, actor=actor, at=now)
        found.delete()
    return True


def in_use() -> bytes:
    """Return the file that slides are made from now. One query."""
    found = SlideTemplate.objects.first()
    return template.own() if found is None else bytes(found.file)
