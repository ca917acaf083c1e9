"""Who the opened patients are: current values of the strict and complementary traits (RNIV 01 v2.0)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Batch, Capability


@dataclass(frozen=True, slots=True)
class Identity:
    """Current identity. `used_*` are None unless they differ; `birth_date` is None when no day was ever recorded."""

    id: UUID
    birth_name: str
    first_name: str
    first_names: str | None
    used_name: str | None
    used_first_name: str | None
    sex: str
    birth_date: date | None
    birth_place: str | None
    ipp: str | None
    status: str
    deceased: date | None


def identities(cap: Capability) -> Read[dict[UUID, Identity]]:
    """Current identity of every opened person, by id."""

    def decode(rows: Rows) -> dict[UUID, Identity]:
        values: dict[UUID, dict[str, str]] = defaultdict(dict)
        since: dict[tuple[UUID, str], str] = {}
        for row_id, patient_id, kind, sealed in rows:
            value: dict[str, Any] = cap.unseal("identity", patient_id, "identity_trait", "sealed", row_id, sealed)
            if value.get("to") is not None:
                continue
            # of two open values the later one is current
            start = value.get("from") or ""
            if start >= since.get((patient_id, kind), ""):
                values[patient_id][kind] = str(value["v"])
                since[(patient_id, kind)] = start
        return {patient_id: _identity(patient_id, traits) for patient_id, traits in values.items()}

    return Read(
        "SELECT id, patient_id, kind, sealed FROM identity_trait WHERE patient_id = ANY(%s)", (list(cap.ids),), decode
    )


def _identity(patient_id: UUID, traits: dict[str, str]) -> Identity:
    birth_name = traits.get("birth_name", "SANSNOM")
    first_name = traits.get("first_name", "SANSPRENOM")
    used_name = traits.get("used_name")
    used_first_name = traits.get("used_first_name")
    return Identity(
        id=patient_id,
        birth_name=birth_name,
        first_name=first_name,
        first_names=traits.get("first_names"),
        used_name=used_name if used_name != birth_name else None,
        used_first_name=used_first_name if used_first_name != first_name else None,
        sex=traits.get("sex", "I"),
        birth_date=_day(traits.get("birth_date")),
        birth_place=traits.get("birth_place"),
        ipp=traits.get("ipp"),
        status=traits.get("status", "provisoire"),
        deceased=_day(traits.get("deceased")),
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def contact_values(cap: Capability, kind: str) -> Read[list[str]]:
    """Current values of one kind of contact (phone, email, address) or of the INS, under an opening of its category."""
    category, table = ("ins", "identity_ins") if kind == "ins" else ("contact", "identity_contact")

    def decode(rows: Rows) -> list[str]:
        found = []
        for row_id, patient_id, sealed in rows:
            value: dict[str, Any] = cap.unseal(category, patient_id, table, "sealed", row_id, sealed)
            if value.get("to") is None:
                found.append(str(value["v"]))
        return sorted(found)

    if kind == "ins":
        return Read(
            "SELECT id, patient_id, sealed FROM identity_ins WHERE patient_id = ANY(%s)", (list(cap.ids),), decode
        )
    return Read(
        "SELECT id, patient_id, sealed FROM identity_contact WHERE patient_id = ANY(%s) AND kind = %s",
        (list(cap.ids), kind),
        decode,
    )


def brought(batch: Batch, patient_id: UUID) -> Read[tuple[bool, tuple[date, ...]]]:
    """Of one person of an import's slice: whether she is identified here, and her birth dates. Nothing of others."""
    ids = [one for one in batch.ids if one == patient_id][:1]

    def decode(rows: Rows) -> tuple[bool, tuple[date, ...]]:
        births = (
            batch.unseal("identity", patient_id, "identity_trait", "sealed", row_id, sealed)["v"]
            for row_id, sealed in rows
            if row_id is not None
        )
        return bool(rows), tuple(date.fromisoformat(day) for day in births)

    return Read(
        "SELECT t.id, t.sealed FROM identity_patient p"
        " LEFT JOIN identity_trait t ON t.patient_id = p.patient_id AND t.kind = 'birth_date'"
        " WHERE p.patient_id = ANY (%s)",
        (ids,),
        decode,
    )
