"""The trail's tables, outside the ORM: nothing in Django reads or writes them."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "egide.audit"
    label = "audit"
    verbose_name = "Trace des accès"
