"""People to be found: whole identities of the test's choice, made the application's way, with or without a link."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from egide.gate.opening import batch_from
from egide.gate.tests.factories import EVERYTHING
from egide.kernel.tokens import found_by


@dataclass(frozen=True, slots=True)
class Drawn:
    """One person; `former` are names no longer borne."""

    birth_name: str
    first_name: str
    birth_date: str
    used_name: str | None = None
    used_first_name: str | None = None
    sex: str = "F"
    birth_place: str = "44109|Nantes"
    ipp: str = ""
    ins: str | None = None
    phone: str | None = None
    former: tuple[str, ...] = ()
    unit: UUID | None = None

    def values(self) -> list[tuple[str, str, str | None]]:
        """(kind, value, until) of every identity trait."""
        found: list[tuple[str, str, str | None]] = [("birth_name", self.birth_name, None)]
        found += [("used_name", name, "2015-01-01") for name in self.former]
        for kind in ("used_name", "first_name", "used_first_name", "birth_date", "sex", "birth_place", "ipp"):
            value = getattr(self, kind)
            if value:
                found.append((kind, value, None))
        found.append(("status", "validee", None))
        return found


def people(hospital: Any, *drawn: Drawn, site: UUID | None = None) -> list[UUID]:
    """Make them all in one opening (200 at most); one with a unit is linked to it by a stay."""
    subjects = []
    for one in drawn:
        pairs = [(kind, value) for kind, value, _ in one.values()]
        pairs += [(kind, value) for kind, value in (("ins", one.ins), ("phone", one.phone)) if value]
        subjects.append({"src": [["test", uuid4().hex]], "traits": found_by(pairs)})
    answer = hospital.worker.call(
        "open_new", cookie=hospital.application(site), subjects=subjects, purpose="import", read=EVERYTHING,
        write=EVERYTHING,
    )  # fmt: skip
    batch = batch_from(answer)
    now = datetime.now(UTC)
    with hospital.as_application(batch) as connection:
        for one, patient in zip(drawn, batch.ids, strict=True):
            connection.execute("INSERT INTO identity_patient (patient_id, created_at) VALUES (%s, %s)", (patient, now))
            for kind, value, until in one.values():
                row = uuid4()
                shape = {"v": value, "from": "2010-01-01", "to": until, "src": "test"}
                connection.execute(
                    "INSERT INTO identity_trait (id, patient_id, kind, sealed) VALUES (%s, %s, %s, %s)",
                    (row, patient, kind, batch.seal("identity", patient, "identity_trait", "sealed", row, shape)),
                )
            if one.phone:
                row = uuid4()
                shape = {"v": one.phone, "from": "2010-01-01", "to": None, "src": "test"}
                connection.execute(
                    "INSERT INTO identity_contact (id, patient_id, kind, sealed) VALUES (%s, %s, 'phone', %s)",
                    (row, patient, batch.seal("contact", patient, "identity_contact", "sealed", row, shape)),
                )
            if one.ins:
                row = uuid4()
                shape = {"v": one.ins, "oid": "1.2.250.1.213.1.4.10", "from": "2021-01-01", "to": None}
                connection.execute(
                    "INSERT INTO identity_ins (id, patient_id, sealed) VALUES (%s, %s, %s)",
                    (row, patient, batch.seal("ins", patient, "identity_ins", "sealed", row, shape)),
                )
            if one.unit:
                connection.execute("SELECT door.link(%s, 'stay', %s, %s, NULL)", (patient, one.unit, now))
    return list(batch.ids)
