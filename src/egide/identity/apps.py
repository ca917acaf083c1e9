"""App of the room `identity`."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "egide.identity"
    label = "identity"
    verbose_name = "Identité"
