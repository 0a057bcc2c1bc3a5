"""Where the program may connect to on somebody's word: the world, and of our own network what an administrator named."""

from __future__ import annotations

import ipaddress
import socket

from django.conf import settings
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES


class Forbidden(OSError):
    """The host has a private address that OUTGOING_PRIVATE does not name."""


def is_named(host: str) -> bool:
    """Whether OUTGOING_PRIVATE names the host, or a network that the address lies in."""
    host = host.strip("[]").lower()
    for allowed in settings.OUTGOING_PRIVATE:
        if host == allowed.lower():
            return True
        try:
            if "/" in allowed and ipaddress.ip_address(host) in ipaddress.ip_network(allowed, strict=False):
                return True
        except ValueError:
            continue
    return False


def is_public(address: str) -> bool:
    """Whether an IP address lies outside of every private network."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    within = any(ip in network for network in EXTRA_BLOCKED_NET_RANGES if network.version == ip.version)
    return ip.is_global and not ip.is_multicast and not within


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """A connection to the host at an address that is allowed. OSError when there is none; Forbidden when it is private."""
    refused: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _name, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(place[0])
        if not (is_public(address) or is_named(host) or is_named(address)):
            raise Forbidden(f"{host} is a private address. An administrator can allow it by OUTGOING_PRIVATE.")
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(seconds)
        try:
            # To the very address that was looked at: a name may mean another one in a moment.
            opened.connect(place)
        except OSError as error:
            opened.close()
            refused = error
        else:
            return opened
    raise refused
