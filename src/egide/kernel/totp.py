"""One-time codes of six digits every thirty seconds (RFC 6238): which step of the clock a code belongs to."""

import hmac
import secrets

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30
DIGITS = 6
ISSUER = "Égide, session de secours"
# A telephone's clock may be one step early or late; more would give a relayed code more time.
_AROUND = (0, -1, 1)


def new_secret() -> bytes:
    """160 random bits, as RFC 4226 §4 recommends."""
    return secrets.token_bytes(20)


def matching_step(secret: bytes, code: str, at: float, after: int = 0) -> int | None:
    """The step (30 s since 1970) that `code` is of, near the instant `at`; None when it is of none.

    A step up to `after` has served already: its code is refused. SHA-1 is what every authenticator speaks; its
    collisions do not weaken an HMAC.
    """
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    clock = _clock(secret)
    now = int(at) // STEP_SECONDS
    found = None
    for shift in _AROUND:
        # every step is looked at, whichever fits: the time taken tells nothing
        fits = hmac.compare_digest(clock.generate((now + shift) * STEP_SECONDS), code.encode())
        if fits and now + shift > after and found is None:
            found = now + shift
    return found


def code_at(secret: bytes, at: float) -> str:
    """The code an authenticator shows at an instant: for the demo's and the tests' telephones."""
    return _clock(secret).generate(int(at)).decode()


def address(secret: bytes, username: str) -> str:
    """The `otpauth://` address that an authenticator reads from a QR code."""
    return _clock(secret).get_provisioning_uri(username, ISSUER)


def _clock(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 — RFC 6238's default
