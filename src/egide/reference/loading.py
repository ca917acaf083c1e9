"""Fills the CIM-10: the built-in extract at birth, or the whole file of the ATIH. Runs as owner or migrator."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from egide.reference import rules


def built_in() -> list[tuple[str, str]]:
    """(code, label) of the extract that comes with the program."""
    text = files("egide.reference").joinpath("data/cim10.tsv").read_text(encoding="utf-8")
    return list(rules.rows(text.splitlines()))


def replace(model: Any, found: Iterable[tuple[str, str]]) -> int:
    """Put these rows in the place of those that stand; codes that are no longer there go. In one transaction."""
    from django.db import transaction

    rows = {code: model(code=code, label=label, words=rules.words(code, label)) for code, label in found}
    with transaction.atomic():
        model.objects.all().delete()
        model.objects.bulk_create(rows.values(), batch_size=2000)
    return len(rows)
