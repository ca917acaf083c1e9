"""What holds for every request: same origin, nothing kept by the browser, no fault shown or logged with its values."""

import logging
import traceback
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from egide.kernel.logs import begin_request
from egide.ui import answers

Handler = Callable[[HttpRequest], HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_log = logging.getLogger("egide.web")


def last_resort(get_response: Handler) -> Handler:
    """Counts on Django's handler for the answer; here so that a fault outside a view is still a page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        begin_request()
        try:
            return get_response(request)
        except Exception as fault:  # noqa: BLE001 — whatever it is, a page
            log_fault(fault)
            return answers.server_error(request)

    return middleware


def log_fault(fault: BaseException) -> None:
    """Where and what kind; never the message, which may quote what was typed or read."""
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)[-6:]]
    _log.error("%s in %s", type(fault).__name__, " > ".join(frames))


def nothing_stays(get_response: Handler) -> Handler:
    """`no-store` wherever a view did not say otherwise; no sniffing of what the page may do."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault(
            "Permissions-Policy", "publickey-credentials-get=(self), camera=(), microphone=(), geolocation=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def same_origin(get_response: Handler) -> Handler:
    """Refuses any unsafe request that our own page did not send (besides Django's CSRF check), and odd methods."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE and request.headers.get("Sec-Fetch-Site") != "same-origin":
            return answers.csrf_failure(request)
        if request.method not in SAFE | {"POST"}:
            return HttpResponse(status=405)
        return get_response(request)

    return middleware
