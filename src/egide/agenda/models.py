"""Appointments: who comes, where, to whom, when. What for is clinical and sealed apart (gate.md §3)."""

import uuid

from django.db import models
from django.db.models import Q

from egide.agenda.rules import LONGEST, SHORTEST

STATES = ["booked", "arrived", "kept", "cancelled", "missed"]


class Appointment(models.Model):
    """One appointment in one unit. Never deleted: its state says what became of it, since when and by whom."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    unit = models.ForeignKey("directory.Unit", on_delete=models.PROTECT)
    professional = models.ForeignKey("directory.Professional", on_delete=models.PROTECT, null=True)
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, default="booked")
    reason = models.BinaryField(null=True)
    recorded_at = models.DateTimeField()
    author = models.UUIDField()
    changed_at = models.DateTimeField(null=True)
    changed_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="appointment_state"),
            models.CheckConstraint(
                condition=Q(minutes__gte=SHORTEST) & Q(minutes__lte=LONGEST), name="appointment_minutes"
            ),
            models.CheckConstraint(
                condition=Q(changed_at__isnull=True, changed_by__isnull=True, state="booked")
                | Q(changed_at__isnull=False, changed_by__isnull=False),
                name="appointment_change",
            ),
        ]
        indexes = [models.Index(fields=["patient", "starts_at"]), models.Index(fields=["unit", "starts_at"])]

    def __str__(self) -> str:
        return str(self.id)
