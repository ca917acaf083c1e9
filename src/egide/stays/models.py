"""Stays: where a patient lies, from when to when."""

import uuid

from django.db import models
from django.db.models import F, Q


class Stay(models.Model):
    """One stay in one unit; the file number (NDA) is sealed, dates and unit are in clear (gate.md §3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    unit = models.ForeignKey("directory.Unit", on_delete=models.PROTECT)
    bed = models.ForeignKey("directory.Bed", on_delete=models.PROTECT, null=True)
    nda = models.BinaryField()
    admitted_at = models.DateTimeField()
    discharged_at = models.DateTimeField(null=True)
    # who asks the switchboard is answered as for somebody absent
    kept_secret = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(discharged_at__isnull=True) | Q(discharged_at__gte=F("admitted_at")), name="stay_order"
            ),
            # not an oracle: a bed is of a unit that the writer sees
            models.UniqueConstraint(fields=["bed"], condition=Q(discharged_at__isnull=True), name="one_bed_one_person"),
        ]
        indexes = [models.Index(fields=["patient", "admitted_at"])]

    def __str__(self) -> str:
        return str(self.id)
