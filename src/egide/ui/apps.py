"""The ui room as a Django application; it owns no table."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "egide.ui"
    label = "ui"

    def ready(self) -> None:
        from egide.ui import checks  # noqa: F401 (registers the system checks)
