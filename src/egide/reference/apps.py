"""App of the room `reference`."""

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    name = "egide.reference"
    label = "reference"
    verbose_name = "Référentiels"
