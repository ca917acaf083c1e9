"""App of the room `record`."""

from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "egide.record"
    label = "record"
    verbose_name = "Dossier"
