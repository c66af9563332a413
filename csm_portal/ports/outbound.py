"""Which addresses of a tenant's the portal may post to (CHECK 37). Pure: looks nothing up."""

import ipaddress
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_LONGEST = 2000


class Refused(ValueError):
    """An address that the portal does not post to; the message is a sentence for whoever typed it."""


def host_and_port(url: str, *, allows_local: bool) -> tuple[str, int]:
    """Return the host and port of an address that may be posted to. Raises Refused.

    What the host's name leads to is looked at anew at each call, by whoever connects (``is_public``).
    """
    if len(url) > _LONGEST or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise Refused("This is no web address: it holds a space or a control character, or is far too long.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("This is no web address. It looks like https://example.com/events.") from error
    if parts.scheme != "https" and not (allows_local and parts.scheme == "http"):
        raise Refused("The address has to begin with https://, so that nobody reads along.")
    if not parts.hostname:
        raise Refused("The address names no host. It looks like https://example.com/events.")
    if parts.username is not None or parts.password is not None:
        raise Refused("The address must not hold a user name or password. The signature tells who posts.")
    host = parts.hostname.rstrip(".").lower()
    if not (allows_local and is_this_machine(host)):
        _refuse_local(host)
    return host, port or (443 if parts.scheme == "https" else 80)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine by its usual names."""
    return host in ("127.0.0.1", "::1", "localhost")


def is_public(address: IPAddress) -> bool:
    """Tell whether an address belongs to the internet at large, and not to a machine or network that is near us."""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None:
        return is_public(inner)
    # NAT64 leads to whatever IPv4 address its last four bytes say.
    if isinstance(address, ipaddress.IPv6Address) and address in ipaddress.ip_network("64:ff9b::/96"):
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved


def _refuse_local(host: str) -> None:
    try:
        literal: IPAddress | None = ipaddress.ip_address(host)
    except ValueError:
        literal = None
    if literal is not None:
        raise Refused("The address has to name a host, not a number: a certificate is issued to a name.")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa")):
        raise Refused("The address leads to this machine or its own network. Name a host of the internet.")
    if "." not in host or host.rsplit(".", 1)[-1].isdigit():
        raise Refused("The address names no host of the internet. It looks like https://example.com/events.")
