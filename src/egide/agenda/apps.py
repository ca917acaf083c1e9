"""App of the room `agenda`."""

from django.apps import AppConfig


class AgendaConfig(AppConfig):
    name = "egide.agenda"
    label = "agenda"
    verbose_name = "Agenda"
