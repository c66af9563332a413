"""The page on which an admin connects Gmail, Chat and the event bus."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.channel_forms import ChatForm, EventsForm, MailForm
from accounts.selectors import messages as selector
from accounts.services import channels
from csm_portal.core.models import ChannelName, Role
from csm_portal.http import PortalRequest, member

TEMPLATE = "accounts/channels.html"


@require_safe
@member(Role.ADMIN)
def channel_list(request: PortalRequest) -> HttpResponse:
    """Show how the channels are connected."""
    return render(request, TEMPLATE, _context(request))


@require_POST
@member(Role.ADMIN)
def save_mail(request: PortalRequest) -> HttpResponse:
    """Say how drafts reach people's mailboxes."""
    page = selector.channels(request.membership)
    form = MailForm(request.POST, stored=page.mail.stored, prefix="mail", people=page.people)
    if not form.is_valid():
        return render(request, TEMPLATE, _context(request, mail_form=form), status=422)
    channels.save_mail(**form.said(), actor=request.user, now=timezone.now())
    return _saved(request, "a draft")


@require_POST
@member(Role.ADMIN)
def save_chat(request: PortalRequest) -> HttpResponse:
    """Say where messages go."""
    page = selector.channels(request.membership)
    form = ChatForm(request.POST, stored=page.chat.stored, prefix="chat")
    if not form.is_valid():
        return render(request, TEMPLATE, _context(request, chat_form=form), status=422)
    channels.save_chat(**form.said(), actor=request.user, now=timezone.now())
    return _saved(request, "a message")


@require_POST
@member(Role.ADMIN)
def save_events(request: PortalRequest) -> HttpResponse:
    """Say where events go; show the secret that signs them if this made one."""
    page = selector.channels(request.membership)
    form = EventsForm(request.POST, stored=page.events.stored, prefix="events")
    if not form.is_valid():
        return render(request, TEMPLATE, _context(request, events_form=form), status=422)
    made = channels.save_events(**form.said(), actor=request.user, now=timezone.now())
    if made:
        return render(request, TEMPLATE, _context(request, shown_secret=made))
    return _saved(request, "an event")


@require_POST
@member(Role.ADMIN)
def renew_secret(request: PortalRequest) -> HttpResponse:
    """Make another secret for events, and show it once."""
    made = channels.renew_events_secret(actor=request.user, now=timezone.now())
    return render(request, TEMPLATE, _context(request, shown_secret=made))


@require_POST
@member(Role.ADMIN)
def send_sample(request: PortalRequest, channel: str) -> HttpResponse:
    """Send a sample on one channel."""
    if channel not in (ChannelName.MAIL, ChannelName.CHAT, ChannelName.EVENTS):
        raise Http404
    channels.send_sample(ChannelName(channel), tenant=request.tenant, actor=request.user, now=timezone.now())
    messages.info(request, "A sample is on its way. What comes of it shows here in a moment.")
    return redirect(f"{reverse('messages')}?channel={channel}")


def _saved(request: PortalRequest, what: str) -> HttpResponse:
    messages.success(request, f"Saved. Send a sample to see whether {what} arrives.")
    return redirect("channels")


def _context(request: PortalRequest, **given: Any) -> dict[str, Any]:
    page = selector.channels(request.membership)
    return {
        "page": page,
        "mail_form": MailForm(
            prefix="mail",
            stored=page.mail.stored,
            people=page.people,
            initial={
                "mode": page.mail.mode,
                **{name: page.mail.settings.get(name, "") for name in ("client_id", "fallback")},
            },
        ),
        "chat_form": ChatForm(
            prefix="chat",
            stored=page.chat.stored,
            initial={"mode": page.chat.mode, "space": page.chat.settings.get("space", "")},
        ),
        "events_form": EventsForm(
            prefix="events", stored=page.events.stored, initial={"mode": page.events.mode}
        ),
        "return_url": request.build_absolute_uri(reverse("mailbox-return")),
        "shown_secret": "",
        **given,
    }
