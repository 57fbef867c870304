"""Under which address a page is found, read from the objects that publish it: no I/O in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WAYS = ("nodeport", "loadbalancer", "ingress", "route")


@dataclass(frozen=True)
class Page:
    """One page: its name, the Service in front of it, the way to it, and host name and node port where chosen."""

    name: str
    service: str
    way: str
    host: str = ""
    tls: bool = False
    node_port: int = 0


def url(page: Page, published: Mapping[str, Any] | None, address: str = "") -> str:
    """The page's address, empty while it has none.

    :param published: The Service (nodeport, loadbalancer) or the Route; nothing is needed for an ingress.
    :param address: A node's address, for a node port without a host name.
    """
    if page.way == "ingress":
        return _url("https" if page.tls else "http", page.host)
    if page.way == "nodeport":
        ports = ((published or {}).get("spec") or {}).get("ports") or []
        port = page.node_port or next((item.get("nodePort") for item in ports), 0)
        return _url("http", page.host or address, port) if port else ""
    if not published:
        return ""
    if page.way == "loadbalancer":
        given = ((published.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        host = page.host or next((item.get("hostname") or item.get("ip") or "" for item in given), "")
        return _url("http", host, published["spec"]["ports"][0]["port"])
    admitted = (published.get("status") or {}).get("ingress") or []
    host = next((item.get("host") or "" for item in admitted), "") or published["spec"].get("host") or page.host
    return _url("https" if published["spec"].get("tls") else "http", host)


def _url(scheme: str, host: str, port: int = 0) -> str:
    if not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port not in (0, 80) else "")
