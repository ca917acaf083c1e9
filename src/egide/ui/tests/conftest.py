"""Pages are rendered here without a base: routes and people are those of the preview."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def framework() -> None:
    """Django set up, whatever base the environment names or not."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egide.config.settings")
    import django

    django.setup()


@pytest.fixture(autouse=True)
def preview_routes(framework: None) -> Iterator[None]:
    """The names that templates reverse, and a frame made of invented words."""
    from django.test import override_settings

    from egide.ui.rendering import _frame_maker

    with override_settings(
        ROOT_URLCONF="egide.ui.tests.preview_urls",
        EGIDE_FRAME="egide.ui.tests.preview_urls.frame",
        ALLOWED_HOSTS=["testserver"],
    ):
        _frame_maker.cache_clear()
        yield
    _frame_maker.cache_clear()
