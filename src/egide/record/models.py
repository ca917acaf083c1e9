"""The clinical record's first tables: problems, allergies, measurements."""

import uuid

from django.db import models
from django.db.models import Q

from egide.record.rules import IMPORTED_KINDS, PROBLEM_KINDS

CATEGORIES = ["clinical", "protected"]


class Problem(models.Model):
    """A diagnosis or problem, or an antecedent by its kind; the code is in clear, the words are sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    kind = models.CharField(max_length=12, default="problem", db_default="problem")
    system = models.CharField(max_length=100)
    code = models.CharField(max_length=40)
    label = models.BinaryField()
    onset = models.DateField(null=True)
    ended = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="problem_category"),
            models.CheckConstraint(condition=Q(kind__in=list(PROBLEM_KINDS)), name="problem_kind"),
        ]

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


class Latest(models.Model):
    """The latest standing value of a parameter (`id`: that measurement's), kept by triggers; nobody writes it."""

    id = models.UUIDField(primary_key=True)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT, db_constraint=False, db_index=False)
    category = models.CharField(max_length=10)
    code = models.CharField(max_length=20)
    value = models.DecimalField(max_digits=10, decimal_places=3)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="latest_category"),
            models.UniqueConstraint(fields=["patient", "category", "code"], name="latest_of_each"),
        ]

    def __str__(self) -> str:
        return self.code


class Note(models.Model):
    """What somebody signed: a note or a targeted transmission, its sections sealed together. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    kind = models.CharField(max_length=20)
    template = models.CharField(max_length=20)
    written_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    author = models.UUIDField()
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="note_category"),
            models.CheckConstraint(condition=Q(kind__in=["note", "transmission"]), name="note_kind"),
        ]
        indexes = [models.Index(fields=["patient", "written_at"])]

    def __str__(self) -> str:
        return self.kind


class Draft(models.Model):
    """What somebody is writing: sealed, returned to that account only (policy). Ended when signed or thrown away."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    author = models.UUIDField()
    revision = models.PositiveIntegerField()
    body = models.BinaryField(null=True)
    saved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(body__isnull=False) | Q(ended_at__isnull=False), name="draft_body"),
            models.CheckConstraint(condition=Q(body__isnull=True) | Q(ended_at__isnull=True), name="draft_emptied"),
        ]
        indexes = [models.Index(fields=["patient", "author"])]

    def __str__(self) -> str:
        return self.kind


class Amendment(models.Model):
    """The end of a fact, by a row of its own: entered in error (perhaps replaced by another), or over since a date."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    fact = models.CharField(max_length=20)
    target = models.UUIDField()
    kind = models.CharField(max_length=10)
    replaced_by = models.UUIDField(null=True)
    since = models.DateField(null=True)
    reason = models.BinaryField(null=True)
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="amendment_category"),
            models.CheckConstraint(condition=Q(kind__in=["error", "over"]), name="amendment_kind"),
            models.UniqueConstraint(fields=["patient", "target", "kind"], name="amended_once"),
        ]

    def __str__(self) -> str:
        return self.kind


class ContactPerson(models.Model):
    """Whom to call: *personne de confiance* (CSP L1111-6), *à prévenir*, who decides for the patient. Sealed whole."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    kind = models.CharField(max_length=10)
    sealed = models.BinaryField()
    recorded_at = models.DateTimeField()
    author = models.UUIDField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["trusted", "notify", "guardian"]), name="contact_person_kind")
        ]

    def __str__(self) -> str:
        return self.kind


class Directive(models.Model):
    """What is known of the patient's advance directives (CSP L1111-11); the last row stands."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    kind = models.CharField(max_length=10)
    sealed = models.BinaryField()
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="directive_category"),
            models.CheckConstraint(condition=Q(kind__in=["written", "none", "unwilling"]), name="directive_kind"),
        ]

    def __str__(self) -> str:
        return self.kind


class ImportedFact(models.Model):
    """A treatment, vaccination, act or document that another system told: dated, read-only. Never changed.

    `body` seals what lists show (label, details, media type and size of a document); `content`, read alone, a
    document's text or bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    category = models.CharField(max_length=10, default="clinical")
    kind = models.CharField(max_length=14)
    system = models.CharField(max_length=100, blank=True, default="")
    code = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=20, blank=True, default="")
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    body = models.BinaryField()
    content = models.BinaryField(null=True)
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(category__in=CATEGORIES), name="imported_category"),
            models.CheckConstraint(condition=Q(kind__in=list(IMPORTED_KINDS)), name="imported_kind"),
        ]
        indexes = [models.Index(fields=["patient", "kind", "at"])]

    def __str__(self) -> str:
        return self.kind


class Kept(models.Model):
    """A foreign resource that has no place here, kept aside whole under its patient's key; type and reason in clear.

    `patient_id` is no foreign key: what names no patient, or one who is not here, is sealed under a subject id of its
    own, which no person bears (gate.md §3).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient_id = models.UUIDField()
    category = models.CharField(max_length=10, default="clinical")
    type = models.CharField(max_length=40)
    reason = models.CharField(max_length=20)
    at = models.DateTimeField(null=True)
    content = models.BinaryField()
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(category__in=[*CATEGORIES, "ins"]), name="kept_category")]
        indexes = [models.Index(fields=["patient_id", "type"])]

    def __str__(self) -> str:
        return self.type


class Restriction(models.Model):
    """Who restricted a fact, or gave it back, when and why: known to those alone who may read what is restricted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patient = models.ForeignKey("identity.Patient", on_delete=models.PROTECT)
    fact = models.CharField(max_length=20)
    target = models.UUIDField()
    kind = models.CharField(max_length=10)
    why = models.CharField(max_length=12, blank=True, default="")
    recorded_at = models.DateTimeField()
    author = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["restrict", "release"]), name="restriction_kind"),
            models.CheckConstraint(
                condition=Q(why__in=["", "opposition", "psychiatry", "sensitive"]), name="restriction_why"
            ),
        ]

    def __str__(self) -> str:
        return self.kind
