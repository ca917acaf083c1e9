"""Stylesheet, scripts and icons, served by the application itself from memory: no Node, no CDN, no path on disk.

One digest over all files stands in every address (`/statique/<digest>/<name>`), so modules may import each other by
relative address and every answer may be kept for ever.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import django_htmx
from django.http import Http404, HttpRequest, HttpResponse

PREFIX = "/statique/"
ROUTE = "statique/<str:digest>/<str:name>"

_OWN = Path(__file__).parent / "static"
_HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx"

# One sheet made of several files, in cascade order: the browser asks once.
STYLES = (
    "tokens.css", "base.css", "frame.css", "kit.css", "pages.css", "acts.css", "seek.css", "watch.css", "people.css",
    "record.css", "orders.css", "print.css",
)  # fmt: skip

# The exact list of what is served. A file that is not here has no address.
FILES: dict[str, tuple[tuple[Path, ...], str]] = {
    "egide.css": (tuple(_OWN / name for name in STYLES), "text/css; charset=utf-8"),
    "htmx.js": ((_HTMX / "htmx-2.min.js",), "text/javascript; charset=utf-8"),
    "hold.js": ((_OWN / "hold.js",), "text/javascript; charset=utf-8"),
    "egide.js": ((_OWN / "egide.js",), "text/javascript; charset=utf-8"),
    "keys.js": ((_OWN / "keys.js",), "text/javascript; charset=utf-8"),
    "live.js": ((_OWN / "live.js",), "text/javascript; charset=utf-8"),
    "ward.js": ((_OWN / "ward.js",), "text/javascript; charset=utf-8"),
    "notes.js": ((_OWN / "notes.js",), "text/javascript; charset=utf-8"),
    "passkey.js": ((_OWN / "passkey.js",), "text/javascript; charset=utf-8"),
    "webauthn.js": ((_OWN / "webauthn.js",), "text/javascript; charset=utf-8"),
    "approve.js": ((_OWN / "approve.js",), "text/javascript; charset=utf-8"),
    "rescue.js": ((_OWN / "rescue.js",), "text/javascript; charset=utf-8"),
    "consent.js": ((_OWN / "consent.js",), "text/javascript; charset=utf-8"),
    "enrol.js": ((_OWN / "enrol.js",), "text/javascript; charset=utf-8"),
    "possession.js": ((_OWN / "possession.js",), "text/javascript; charset=utf-8"),
    "prove.js": ((_OWN / "prove.js",), "text/javascript; charset=utf-8"),
    "palette.js": ((_OWN / "palette.js",), "text/javascript; charset=utf-8"),
    "hand.js": ((_OWN / "hand.js",), "text/javascript; charset=utf-8"),
    "lock.js": ((_OWN / "lock.js",), "text/javascript; charset=utf-8"),
    "tabs.js": ((_OWN / "tabs.js",), "text/javascript; charset=utf-8"),
    "session.js": ((_OWN / "session.js",), "text/javascript; charset=utf-8"),
    "icons.svg": ((_OWN / "icons.svg",), "image/svg+xml"),
    "favicon.svg": ((_OWN / "favicon.svg",), "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One served file: its bytes, the same bytes gzipped, its media type."""

    body: bytes
    packed: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every served file by name, read once a process. Raises OSError when the installation is incomplete."""
    served: dict[str, Asset] = {}
    for name, (parts, media_type) in FILES.items():
        body = b"\n".join(part.read_bytes() for part in parts)
        served[name] = Asset(body, gzip.compress(body, 9, mtime=0), media_type)
    return served


@cache
def digest() -> str:
    """Sixteen hex digits that change when any served byte changes."""
    whole = hashlib.sha256()
    for name, asset in sorted(assets().items()):
        whole.update(name.encode() + b"\0" + hashlib.sha256(asset.body).digest())
    return whole.hexdigest()[:16]


def asset_url(name: str) -> str:
    """The address of a served file; raises KeyError for a name outside the list (a typing fault in a template)."""
    assets()[name]
    return f"{PREFIX}{digest()}/{name}"


def asset(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """Serve one file of the exact list; anything else, an older digest included, is 404."""
    found = assets().get(name)
    if found is None or digest != _current_digest():
        raise Http404
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(found.packed if packed else found.body, content_type=found.media_type)
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _current_digest() -> str:
    return digest()
