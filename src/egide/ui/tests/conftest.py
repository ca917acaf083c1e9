"""Pages are rendered here with the preview's routes and invented people."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def settings_read(request: pytest.FixtureRequest) -> None:
    """Settings are read once a process: the session's base's, or of no base when these tests run alone (quicker)."""
    if any("/ui/tests/" not in item.path.as_posix() for item in request.session.items):
        request.getfixturevalue("django")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egide.config.settings")
    import django

    django.setup()


@pytest.fixture(autouse=True)
def preview_routes(settings_read: None) -> Iterator[None]:
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
