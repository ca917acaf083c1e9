"""What a workstation signs at each request: method and address, when, once, and whether our own page asked.

`time.nonce.how.signature`, ECDSA P-256 over SHA-256 (FIPS 186-5), by a key that never leaves the browser (WebCrypto,
not extractable) and that the session's cookie names. The shape is that of DPoP (RFC 9449) without its JSON.
"""

import re
from dataclasses import dataclass

HEADER = "Egide-Proof"
COOKIE = "egide_proof"  # for a page that is gone to: no header can be given to a navigation
STATION = "egide_cle_poste"  # the public key, for a sign-in that no script of ours posts (rescue, Pro Santé Connect)
MACHINE = "egide_machine"  # for the same: `key.proof` of the workstation's own key, where a site enrolled the machine
CLOCK = "Egide-Clock"  # milliseconds since 1970 on the server, told with a refusal
PAST_MS, AHEAD_MS = 20_000, 5_000

# How the request came: by a link or form of our own page, under somebody's hand; by our own page by itself (heartbeat,
# timer); by a page that only asks for a proof; by it again.
ASKED, ALONE, CAME, AGAIN = "l", "t", "b", "c"
OURS = frozenset({ASKED, ALONE})
_PROOF = re.compile(r"([0-9]{13})\.([A-Za-z0-9_-]{16,24})\.([lbct])\.([A-Za-z0-9_-]{86})")


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof, not checked yet. `at` in milliseconds since 1970."""

    at: int
    nonce: str
    how: str
    signature: str


def parse(text: object) -> Proof | None:
    """The proof that a text holds, None when it has not that shape."""
    found = _PROOF.fullmatch(text) if isinstance(text, str) and len(text) <= 200 else None
    return Proof(int(found[1]), found[2], found[3], found[4]) if found else None


def signed_text(method: str, path: str, at: int, nonce: str, how: str) -> bytes:
    """What is signed; `path` is decoded and without query."""
    return f"egide-proof/1\n{method}\n{path}\n{at}\n{nonce}\n{how}".encode()


def in_cookies(header: str) -> list[str]:
    """Every proof in a Cookie header: the name may stand there once for each address above the one that is asked."""
    pairs = (one.strip().partition("=") for one in header.split(";"))
    return [value for name, _, value in pairs if name == COOKIE]


def next_how(header: str) -> str:
    """How a page that asks for a proof marks the next one; empty once that was tried twice: the key is another's."""
    hows = {proof.how for value in in_cookies(header) if (proof := parse(value))}
    return "" if AGAIN in hows else AGAIN if CAME in hows else CAME
