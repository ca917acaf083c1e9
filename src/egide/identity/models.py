"""Patient identity: an id, and every value of a trait, contact or INS with its dates, sealed (RNIV 01 v2.0)."""

import uuid

from django.db import models


class Patient(models.Model):
    """A person known here. The row says nothing about who: traits do, sealed."""

    patient_id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.patient_id)


class Trait(models.Model):
    """One value of one trait; `sealed` holds value, from, to, source."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    kind = models.CharField(max_length=24)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return self.kind


class Contact(models.Model):
    """One value of one means of contact; sealed as a trait is, under its own category."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    kind = models.CharField(max_length=24)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return self.kind


class Ins(models.Model):
    """The national identifier (matricule INS) and its OID, sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return "ins"
