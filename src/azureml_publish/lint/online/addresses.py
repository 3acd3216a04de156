"""Which hosts may be contacted: those of the public internet. A card may come from anybody's pull request.

Without this, a link could make a runner contact its own machine, its network, or its cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # https://www.rfc-editor.org/rfc/rfc6052


_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's own, from every virtual machine; it looks public
        "192.0.0.0/24",  # protocols, RFC 6890, and the metadata service of a cloud
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        "3fff::/20",  # documentation, RFC 9637
        "64:ff9b:1::/48",  # local-use NAT64, RFC 8215
        "2001::/32",  # Teredo
        "fec0::/10",  # site-local
        "100::/64",
        "5f00::/16",
    )
)


_LOCAL_NAMES = (
    ".localhost", ".local", ".internal", ".home.arpa", ".home", ".lan", ".corp", ".intranet", ".private", ".svc",
)  # fmt: skip
"""What names of private networks end with: RFC 6761, 6762 and 8375, and what is delegated to nobody."""


class PrivateHostError(Exception):
    """A host that is not contacted, because it lies in a private network."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Hosts beyond the public ones that may be contacted: all of them, or by name or network."""

    everything: bool = False
    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    resolve: Callable[..., Any] = socket.getaddrinfo

    @classmethod
    def read(cls, text: str) -> Guard:
        """The guard of PUBLISH_LINKS_ALLOW_PRIVATE: `1` for all, or names and networks with commas between them."""
        if text.strip().lower() in ("1", "true", "yes"):
            return cls(everything=True)
        names, networks = set(), []
        for part in text.lower().replace(",", " ").split():
            try:
                networks.append(ipaddress.ip_network(part, strict=False))
            except ValueError:
                names.add(part)
        return cls(names=frozenset(names), networks=tuple(networks))

    def address_of(self, host: str, port: int) -> str:
        """The address to connect to. What is looked up here is what is contacted: a name may mean another one later.

        Raises:
            PrivateHostError: none of the host's addresses may be contacted.
            socket.gaierror: there is no such host, or no name server that knows.
        """
        found = [row[4][0] for row in self.resolve(host.strip("[]"), port, type=socket.SOCK_STREAM)]
        for text in found:
            if self._may(host.lower().rstrip("."), ipaddress.ip_address(text.partition("%")[0])):
                return str(text)
        raise PrivateHostError(host)

    def check_name(self, host: str) -> None:
        """Refuse what is private by its looks, where a proxy looks the name up.

        Raises:
            PrivateHostError: it is.
        """
        bare = unicodedata.normalize("NFKC", host).strip("[]").lower().rstrip(".").partition("%")[0]
        address = _written(bare)
        if address is not None:
            allowed = self._may(bare, address)
        else:
            local = "." not in bare or bare.endswith(_LOCAL_NAMES)
            allowed = not local or self.everything or bare in self.names
        if not allowed:
            raise PrivateHostError(host)

    def _may(self, host: str, address: Address) -> bool:
        if self.everything or host in self.names:
            return True
        inner = _unwrapped(address)
        if any(inner in network for network in self.networks if network.version == inner.version):
            return True
        if any(one in network for one in (address, inner) for network in _NEVER if network.version == one.version):
            return False
        return inner.is_global and not inner.is_multicast


def _written(host: str) -> Address | None:
    """The address that a name is, in any spelling that some program takes: 2130706433, 0x7f.1, 0177.0.0.1."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except (OSError, ValueError):
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
