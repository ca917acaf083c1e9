"""Examinations asked of a laboratory or an imaging unit, and what became of each; neither is ever changed."""

import uuid

from django.db import models
from django.db.models import Q

from egide.orders.rules import KINDS, STEPS


class Examination(models.Model):
    """One request: what is asked of one unit, in codes; the question asked is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    kind = models.CharField(max_length=10)
    codes = models.CharField(max_length=200)
    urgent = models.BooleanField()
    wished_at = models.DateTimeField(null=True)
    unit = models.ForeignKey("directory.Unit", on_delete=models.PROTECT)
    body = models.BinaryField()
    asked_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(kind__in=list(KINDS)), name="examination_kind")]
        indexes = [models.Index(fields=["patient", "asked_at"])]

    def __str__(self) -> str:
        return self.codes


class Step(models.Model):
    """What became of a request: done (sampled, imaged), reported with its result, or cancelled with its reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    examination = models.ForeignKey(Examination, on_delete=models.PROTECT)
    step = models.CharField(max_length=10)
    body = models.BinaryField(null=True)
    at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(step__in=list(STEPS)), name="step_kind"),
            models.CheckConstraint(condition=Q(step="done") | Q(body__isnull=False), name="step_words"),
            models.UniqueConstraint(fields=["patient", "examination", "step"], name="step_once"),
        ]

    def __str__(self) -> str:
        return self.step
