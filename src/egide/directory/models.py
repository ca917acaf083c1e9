"""The group's structure: legal entities (EJ), sites (ET), services, units (UF), beds, people. No patient data."""

import uuid

from django.db import models


class LegalEntity(models.Model):
    """A legal entity (FINESS EJ, nine digits): whoever answers for its sites."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=200)
    finess = models.CharField(max_length=9, unique=True)

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """An establishment (FINESS ET, nine digits) of a legal entity; none is known for sites of before entities."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True)
    name = models.CharField(max_length=200)
    finess = models.CharField(max_length=9, unique=True)
    kind = models.CharField(max_length=20)
    city = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """A service: units under one head, with one secretariat, whose telephone is `phone`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=20)
    phone = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "code"], name="service_code_in_site")]

    def __str__(self) -> str:
        return self.name


UNIT_KINDS = ["ward", "residence", "consultation", "emergency", "platform"]


class Unit(models.Model):
    """A unit (UF): where patients lie (ward), live (residence), come for a visit, or have something done (platform)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True)
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=20)
    specialty = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=12, default="ward", db_default="ward")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "code"], name="unit_code_in_site"),
            models.CheckConstraint(condition=models.Q(kind__in=UNIT_KINDS), name="unit_kind"),
        ]

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


class OnCall(models.Model):
    """An on-call list (astreinte or garde) of one site: whom to call for one specialty, by turns."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    phone = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="on_call_in_site"),
            models.CheckConstraint(condition=models.Q(kind__in=["astreinte", "garde"]), name="on_call_kind"),
        ]

    def __str__(self) -> str:
        return self.name


class OnCallTurn(models.Model):
    """Somebody's turn on an on-call list."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    on_call = models.ForeignKey(OnCall, on_delete=models.PROTECT)
    professional = models.ForeignKey(Professional, on_delete=models.PROTECT)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(until__gt=models.F("since")), name="on_call_turn_order"),
            models.UniqueConstraint(fields=["on_call", "since", "professional"], name="on_call_turn_once"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Responsibility(models.Model):
    """Who answers for a unit (cadre de santé, chief) or for a whole site at a given hour (administrateur de garde)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    professional = models.ForeignKey(Professional, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["cadre", "chief"], unit__isnull=False)
                | models.Q(kind="guard", unit__isnull=True),
                name="responsibility_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gt=models.F("since")),
                name="responsibility_order",
            ),
        ]

    def __str__(self) -> str:
        return self.kind
