"""System checks of the ui room: every template compiles and every asset is there before the first request."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from jinja2 import TemplateError

from egide.ui.assets import assets
from egide.ui.environment import environment


@register()
def templates_compile(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:  # noqa: ARG001
    """Compile each template of each room, so that a fault stops the start instead of a page."""
    found: list[CheckMessage] = []
    env = environment()
    for name in env.list_templates(extensions=["html"]):
        try:
            env.get_template(name)
        except TemplateError as fault:
            found.append(Error(f"{name}: {fault.message or type(fault).__name__}", id="ui.E001"))
    return found


@register()
def assets_present(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:  # noqa: ARG001
    """Read every file of the exact asset list once (`egide.ui.assets`)."""
    try:
        assets()
    except OSError as fault:
        return [
            Error(f"asset missing: {fault.filename}", hint="Reinstall Égide: its wheel is incomplete.", id="ui.E002")
        ]
    return []
