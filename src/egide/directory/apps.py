"""Directory: sites, units, beds, professionals."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "egide.directory"
    label = "directory"
    verbose_name = "Structure et annuaire"
