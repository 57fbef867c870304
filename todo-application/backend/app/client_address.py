"""Which address a request comes from."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from fastapi import Request

from app.settings import Network


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def client_address(request: Request, trusted: Sequence[Network]) -> str:
    """The peer's address, or, if the peer is a trusted proxy, the nearest address in X-Forwarded-For that isn't one."""
    peer = request.client.host if request.client else ""
    address = _parse(peer)
    hops = request.headers.get("x-forwarded-for", "").split(",")
    while address is not None and hops and any(address in network for network in trusted):
        further = _parse(hops.pop())
        if further is None:
            break
        address = further
    return str(address or peer)
