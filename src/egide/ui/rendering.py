"""`page()`: rendering under a wall. While a template runs, any SQL raises; what a page shows was read before.

This ends N+1 queries and hidden reads together, and keeps every opening in the view that declares it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable

_rendering: ContextVar[bool] = ContextVar("egide.ui.rendering", default=False)


class QueryWhileRenderingError(RuntimeError):
    """A template, or something it was given, asked the database while it was being rendered."""


@dataclass(frozen=True, slots=True)
class Place:
    """A link of the frame: in the rail (with an icon of `icons.svg`) or in the list of units."""

    label: str
    url: str
    icon: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a page, made by `settings.EGIDE_FRAME(request)` before rendering; no patient datum here."""

    demo: bool = False
    site: str = ""
    unit: str = ""
    units: tuple[Place, ...] = ()
    places: tuple[Place, ...] = ()
    name: str = ""
    profession: str = ""
    grade: str = ""
    live: str = ""
    session: str = ""
    alert: str = ""
    username: str = ""  # on a demonstration, whose key its service is asked for
    demo_keys: str = ""  # and where

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in: the page then watches its session and shows the rail."""
        return bool(self.name)


def rendering_active() -> bool:
    """Whether a template is being rendered now; whoever reads without Django's connection refuses then."""
    return _rendering.get()


def page(
    request: HttpRequest,
    template: str,
    *,
    status: int = 200,
    panel: str = "panel",
    trigger: str | None = None,
    frame: Frame | None = None,
    **context: object,
) -> HttpResponse:
    """Render `template` (a path such as `record/chart.html`) with `context` into an answer that nobody keeps.

    A request by htmx gets the block named `panel` alone, anything else the whole page. `trigger` names an event that
    htmx raises in the browser after the swap. `frame` replaces the configured frame (error pages pass a bare one).
    Raises QueryWhileRenderingError when rendering touches the database, jinja2.UndefinedError for a name not given.
    """
    from egide.ui.environment import environment

    compiled = environment().get_template(template)
    token = get_token(request)
    alone = wants_panel(request) and panel in compiled.blocks
    if alone:
        given = {"csrf_token": token, **context}
        with _wall():
            body = "".join(compiled.blocks[panel](compiled.new_context(given)))
    else:
        surroundings = frame if frame is not None else frame_of(request)
        with _wall():
            body = compiled.render({"csrf_token": token, "frame": surroundings, **context})
    response = HttpResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    if trigger is not None:
        response["HX-Trigger"] = trigger
    return response


def wants_panel(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (a history miss asks for the whole)."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


@contextmanager
def _wall() -> Iterator[None]:
    mark = _rendering.set(True)
    try:
        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(_refuse_sql))
            yield
    finally:
        _rendering.reset(mark)


def _refuse_sql(*_statement: object) -> NoReturn:
    # The statement is not quoted: parameters and literals may be traits, and this ends in a log.
    raise QueryWhileRenderingError("A template asked the database; read it in the view and pass the value.")


@cache
def _frame_maker() -> "Callable[[HttpRequest], Frame] | None":
    dotted = getattr(settings, "EGIDE_FRAME", None)
    return import_string(dotted) if dotted else None


def frame_of(request: HttpRequest) -> Frame:
    """The configured frame of this request (may read: it is made before the wall stands)."""
    maker = _frame_maker()
    return maker(request) if maker else Frame(demo=bool(getattr(settings, "EGIDE_DEMO", False)))
