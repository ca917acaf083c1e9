"""Tables of public classifications. No patient datum: the web reads them without a ticket, and writes none."""

from django.db import models


class Diagnosis(models.Model):
    """One code of the CIM-10 (French edition): `words` is what a search is compared with."""

    code = models.CharField(primary_key=True, max_length=8)
    label = models.CharField(max_length=300)
    words = models.CharField(max_length=320)

    def __str__(self) -> str:
        return f"{self.code} {self.label}"
