"""Pro Santé Connect as it is configured here: whom we trust, and who we are to them. OpenID Connect Core 1.0.

Nothing is configured by default: then no address, no process and no check of it exists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ACR: Final = "eidas1"  # the one level that Pro Santé Connect certifies
_RPPS: Final = re.compile(r"8([0-9]{11})")  # national identifier of a professional: 8, then the RPPS


@dataclass(frozen=True, slots=True)
class ProSante:
    """The provider's issuer, our client id, where its discovery document is, and the way out (a proxy), if any."""

    issuer: str
    client_id: str
    discovery: str
    proxy: str = ""

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] | None = None) -> ProSante | None:
        """From the environment; None without an issuer and a client id. ValueError for an address without TLS."""
        given = os.environ if variables is None else variables
        issuer, client_id = given.get("EGIDE_PSC_ISSUER", "").strip(), given.get("EGIDE_PSC_CLIENT_ID", "").strip()
        if not issuer or not client_id:
            return None
        discovery = given.get("EGIDE_PSC_DISCOVERY", "").strip() or (
            issuer.rstrip("/") + "/.well-known/openid-configuration"
        )
        for address in (issuer, discovery):
            if not is_private(address):
                raise ValueError(f"not an https address: {address}")
        return cls(issuer, client_id, discovery, given.get("EGIDE_PSC_PROXY", "").strip())


def is_private(address: str) -> bool:
    """Whether what is sent there is read by nobody on the way: TLS, or this very machine (the simulator)."""
    return address.startswith("https://") or re.match(r"http://(localhost|127\.0\.0\.1)[:/]", address) is not None


def rpps_of(subject: object) -> str | None:
    """The RPPS (11 digits) of `SubjectNameID` or `preferred_username`; None for another identifier (ADELI…)."""
    found = _RPPS.fullmatch(subject) if isinstance(subject, str) else None
    return found[1] if found else None
