"""The group's structure: sites (ET), units (UF), beds, professionals. No patient data."""

import uuid

from django.db import models


class Site(models.Model):
    """An establishment (FINESS ET, nine digits)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=200)
    finess = models.CharField(max_length=9, unique=True)
    kind = models.CharField(max_length=20)
    city = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A unit where patients lie (UF d'hébergement)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=20)
    specialty = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="unit_code_in_site")]

    def __str__(self) -> str:
        return self.name


class Bed(models.Model):
    """A bed: room and letter."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    room = models.CharField(max_length=20)
    label = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "room", "label"], name="bed_once")]

    def __str__(self) -> str:
        return f"{self.room} {self.label}"


class Professional(models.Model):
    """A person who works here; `id` is the account's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    family = models.CharField(max_length=100)
    given = models.CharField(max_length=100)
    title = models.CharField(max_length=20, blank=True, default="")
    profession = models.CharField(max_length=30)
    rpps = models.CharField(max_length=11, blank=True, default="")

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.given, self.family) if part)
