"""The gate: how patient data is given out."""

from django.apps import AppConfig


class GateConfig(AppConfig):
    name = "egide.gate"
    label = "gate"
    verbose_name = "Accès aux dossiers"
