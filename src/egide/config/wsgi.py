"""The web process: starts only on a base whose role and authorisation grid are what this program expects."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egide.config.settings")
application = get_wsgi_application()

from egide.gate.startup import refuse_wrong_base  # noqa: E402  — settings first

refuse_wrong_base()
