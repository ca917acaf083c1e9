"""App of the room `stays`."""

from django.apps import AppConfig


class StaysConfig(AppConfig):
    name = "egide.stays"
    label = "stays"
    verbose_name = "Séjours"
