"""The clinical record's first tables: problems, allergies, measurements."""

import uuid

from django.db import models
from django.db.models import Q

CATEGORIES = ["clinical", "protected"]


class Problem(models.Model):
    """A diagnosis or problem; the code is in clear, the words are sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    system = models.CharField(max_length=100)
    code = models.CharField(max_length=40)
    label = models.BinaryField()
    onset = models.DateField(null=True)
    ended = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="problem_category")]

    def __str__(self) -> str:
        return self.code


class Allergy(models.Model):
    """An allergy or intolerance; substance and reaction are sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    system = models.CharField(max_length=100, blank=True, default="")
    code = models.CharField(max_length=40, blank=True, default="")
    substance = models.BinaryField()
    reaction = models.BinaryField(null=True)
    severity = models.CharField(max_length=10, blank=True, default="")
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="allergy_category"),
            models.CheckConstraint(
                condition=Q(severity__in=["", "mild", "moderate", "severe"]), name="allergy_severity"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Measurement(models.Model):
    """One measured value (LOINC, UCUM). The two pressures of one reading share `set_id`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    code = models.CharField(max_length=20)
    value = models.DecimalField(max_digits=10, decimal_places=3)
    unit = models.CharField(max_length=20)
    taken_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    author = models.UUIDField()
    set_id = models.UUIDField(null=True)
    comment = models.BinaryField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="measurement_category")]
        indexes = [models.Index(fields=["patient", "code", "taken_at"])]

    def __str__(self) -> str:
        return self.code
