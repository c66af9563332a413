"""What went out on the channels, and what a person does about it: read, download, try again, connect a mailbox."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_POST, require_safe

from accounts import spreadsheets
from accounts.selectors import messages as selector
from accounts.selectors.messages import Message
from accounts.services import channels
from accounts.views import downloads, scopes
from csm_portal import wiring
from csm_portal.core import deliveries
from csm_portal.core.models import ChannelName, Delivery, Role
from csm_portal.http import PortalRequest, is_partial, member
from csm_portal.ports import mime
from csm_portal.ports.errors import PortError
from csm_portal.ports.mail import Draft

READERS = (Role.CSM, Role.MANAGER, Role.ADMIN)
_SALT = "accounts.mailbox-consent"
_CONSENT_SECONDS = 600


@require_safe
@member(*READERS)
def message_list(request: PortalRequest) -> HttpResponse:
    """Show what went out on one channel, newest first."""
    query = scopes.without_empty(request.GET)
    wants_file = downloads.asked_for(query)
    request.GET = cast(Any, query)
    asked = query.get("channel", "")
    channel = ChannelName(asked) if asked in set(ChannelName) else ChannelName.MAIL
    page = selector.page(
        request.membership,
        channel=channel,
        before="" if wants_file else query.get("before", ""),
        size=spreadsheets.MOST if wants_file else selector.PAGE_SIZE,
    )
    if wants_file:
        return downloads.answer(request, f"messages-{channel}", _HEADER, map(_cells, page.rows))
    context = {
        "page": page,
        "mailbox": selector.mailbox(request.user, request.membership),
    }
    template = "accounts/messages.html" + ("#message-list" if is_partial(request) else "")
    return render(request, template, context)


_HEADER = (
    "Title", "Text", "Person", "State", "Written", "Attempts", "Trouble", "May have arrived twice", "May have arrived",
)  # fmt: skip


def _cells(row: Message) -> tuple[Any, ...]:
    return (
        row.title, row.text.strip(), row.person, row.state, row.created_at, row.attempts, row.error, row.may_be_twice,
        row.is_doubtful,
    )  # fmt: skip


@require_safe
@member(*READERS, of=Delivery)
def message_file(request: PortalRequest, delivery_id: UUID) -> HttpResponse:
    """Give a draft as a file that mail programs open."""
    found = get_object_or_404(
        selector.visible_to(request.membership), pk=delivery_id, channel=ChannelName.MAIL
    )
    draft = Draft.from_json(found.message)
    return HttpResponse(
        mime.as_bytes(draft),
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{mime.file_name(draft)}"'},
    )


@require_POST
@member(*READERS, of=Delivery)
def message_retry(request: PortalRequest, delivery_id: UUID) -> HttpResponse:
    """Try a delivery again that has failed."""
    found = get_object_or_404(
        selector.visible_to(request.membership).select_related("tenant"), pk=delivery_id
    )
    back = redirect(f"{reverse('messages')}?channel={found.channel}")
    if not (request.membership.roles & {Role.MANAGER, Role.ADMIN} or found.person_id == request.user.pk):
        raise PermissionDenied
    try:
        deliveries.retry(found, actor=request.user, now=timezone.now())
    except deliveries.NotFailed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The portal tries again now. What comes of it shows here.")
    return back


@require_safe
@member(Role.CSM, Role.MANAGER, Role.ADMIN)
def mailbox_connect(request: PortalRequest) -> HttpResponse:
    """Send the person to the page on which they allow the portal to write drafts. Changes nothing."""
    state = signing.dumps({"user": str(request.user.pk)}, salt=_SALT)
    try:
        page = wiring.mail_consent().page(
            mailbox=request.user.email,
            return_url=_return_url(request),
            state=state,
            verifier=_verifier(state),
        )
    except PortError as error:
        messages.error(request, str(error))
        return redirect("messages")
    return redirect(page)


@require_safe
@member(Role.CSM, Role.MANAGER, Role.ADMIN)
def mailbox_return(request: PortalRequest) -> HttpResponse:
    """Take what the consent page sends a person back with. It counts for whoever began, and for ten minutes."""
    state = request.GET.get("state", "")
    try:
        begun = signing.loads(state, salt=_SALT, max_age=_CONSENT_SECONDS)
    except signing.BadSignature:
        begun = {}
    if begun.get("user") != str(request.user.pk):
        messages.error(request, "That took too long, or somebody else began it. Connect once more.")
        return redirect("messages")
    code = request.GET.get("code", "")
    if not code:
        messages.info(request, "Gmail was not connected: its page was left without a yes.")
        return redirect("messages")
    try:
        token = wiring.mail_consent().exchange(
            code, return_url=_return_url(request), verifier=_verifier(state)
        )
    except PortError as error:
        messages.error(request, str(error))
        return redirect("messages")
    channels.connect_mailbox(request.user, token, now=timezone.now())
    messages.success(request, "Gmail is connected. Drafts about your accounts appear in it from now on.")
    return redirect("messages")


@require_POST
@member(Role.CSM, Role.MANAGER, Role.ADMIN)
def mailbox_disconnect(request: PortalRequest) -> HttpResponse:
    """Forget what the person's mailbox gave the portal."""
    channels.disconnect_mailbox(request.user, now=timezone.now())
    messages.success(
        request,
        "The portal has forgotten your mailbox. In your Google account, under Security, you can take its right away too.",
    )
    return redirect("messages")


def _return_url(request: PortalRequest) -> str:
    return request.build_absolute_uri(reverse("mailbox-return"))


def _verifier(state: str) -> str:
    """Return the secret half of PKCE: it follows from the state, so that nothing has to be kept."""
    return salted_hmac(_SALT, state, algorithm="sha256").hexdigest()
