"""Fresh sites, units, people and patients for one test each; nothing is rolled back, nobody is shared.

Patients are made the application's way: `open_new` on the keeper's worker socket, rows as role worker under its ticket,
the link by `door.link`. People are made as role migrator, their key is enrolled on the operator's socket, and they sign
in by the real ceremony. The superuser makes only what no road leads to (directory, links of the past, tampering).
"""

import itertools
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from egide.cli.cluster import Cluster
from egide.gate.opening import batch_from, chart_from
from egide.keeper.client import Keeper
from egide.kernel.capabilities import Batch, Chart
from egide.kernel.home import Home
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import Bearer, ProvingKeeper, Workstation

EVERYTHING = ["identity", "contact", "ins", "stay", "clinical"]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Person:
    """A professional with her key; `units` are those of her memberships."""

    account: UUID
    username: str
    name: str
    profession: str
    site: UUID
    units: tuple[UUID, ...]
    key: SoftKey


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as drawn: what a page may show of her, and where her row ids are."""

    id: UUID
    birth_name: str
    first_name: str
    trait_ids: dict[str, UUID] = field(default_factory=dict)


class FinderLine(Keeper):
    """The finder's socket, with passes that the door gave."""

    def __init__(self, path: Path, door: ProvingKeeper) -> None:
        super().__init__(path)
        self._door = door

    def call(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """As Keeper.call; `cookie` may be a Bearer."""
        if isinstance(held := arguments.get("cookie"), Bearer):
            arguments["cookie"] = self._door.passing(held)
        return super().call(verb, **arguments)

    def close(self) -> None:
        """This thread's line, and its line to the door."""
        super().close()
        self._door.close()


class Hospital:
    """Draws what a test needs, committed, in one base; one a session. Connections are made again after a restart."""

    def __init__(self, cluster: Cluster, home: Home, origin: str) -> None:
        self.cluster, self.home, self.origin = cluster, home, origin
        self.web = ProvingKeeper(home.keeper_socket("web"))
        self.worker = Keeper(home.keeper_socket("worker"))
        self.ops = Keeper(home.keeper_socket("ops"))
        self.finder = FinderLine(home.keeper_socket("finder"), self.web)
        self._connections: dict[str, psycopg.Connection[Any]] = {}
        self._applications: dict[UUID, str] = {}
        self.site = self.new_site()

    def forget_connections(self) -> None:
        """To be called after PostgreSQL restarted: the next statement connects anew."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def close(self) -> None:
        """Let go of everything."""
        self.forget_connections()
        for keeper in (self.web, self.worker, self.ops, self.finder):
            keeper.close()

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────

    def connect(self, role: str) -> "psycopg.Connection[Any]":
        """A new autocommit connection of one role (`super` is the superuser); the caller closes it."""
        return psycopg.connect(self.cluster.dsn(role), autocommit=True)

    def _as(self, role: str) -> "psycopg.Connection[Any]":
        kept = self._connections.get(role)
        if kept is None or kept.closed or kept.broken:
            kept = self._connections[role] = self.connect(role)
        return kept

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """One statement as the superuser: for looking, and for what only tampering can make."""
        cursor = self._as("super").execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: Any) -> Any:
        """The first column of the first row of `sql`."""
        return self.sql(statement, *parameters)[0][0]

    # ── the house ───────────────────────────────────────────────────────────────────────────────────────────────────

    def new_site(self) -> UUID:
        """A site (ET)."""
        site, number = uuid4(), next(_numbers)
        self.sql(
            "INSERT INTO directory_site (id, name, finess, kind, city) VALUES (%s, %s, %s, 'MCO', 'Brest')",
            site, f"Hôpital {number}", f"{secrets.randbelow(10**9):09d}",
        )  # fmt: skip
        return site

    def unit(self, site: UUID | None = None, kind: str = "ward") -> UUID:
        """A unit, without patients."""
        unit, number = uuid4(), next(_numbers)
        self.sql(
            "INSERT INTO directory_unit (id, site_id, name, code, specialty, kind) VALUES (%s, %s, %s, %s, '', %s)",
            unit, site or self.site, f"Médecine {number}", f"U{number}", kind,
        )  # fmt: skip
        from egide.directory import reads as directory

        directory._kept = None  # the pages of this process would not know it for a minute
        return unit

    def bed(self, unit: UUID, room: str = "101", label: str = "F") -> UUID:
        """A bed of a unit."""
        bed = uuid4()
        self.sql("INSERT INTO directory_bed (id, unit_id, room, label) VALUES (%s, %s, %s, %s)", bed, unit, room, label)
        return bed

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def person(self, profession: str = "nurse", *units: UUID, site: UUID | None = None) -> Person:
        """A professional with an enrolled software key; without a unit she has her profession only."""
        number = next(_numbers)
        account, username, name = uuid4(), f"{profession.replace('_', '-')}.{number}", f"Camille Essai{number}"
        migrator = self._as("migrator")
        migrator.execute("SELECT accounts.add_person(%s, %s, %s, %s)", (account, username, name, site or self.site))
        for unit in units or (None,):
            migrator.execute("SELECT accounts.add_membership(%s, %s, %s, %s)", (account, profession, unit, LONG_AGO))
        person = Person(
            account, username, name, profession, site or self.site, units,
            SoftKey.make(username, account, "localhost"),
        )  # fmt: skip
        self.enrol(person, person.key)
        return person

    def enrol(self, person: Person, key: SoftKey) -> None:
        """One more key of this person."""
        self.ops.call(
            "enrol", account=person.account.bytes, credential_id=key.credential_id, public_key=key.cose,
            aaguid=key.aaguid.bytes,
        )  # fmt: skip

    def sign_in(self, person: Person, device: str = "Firefox · Linux", station: str = "", **played: Any) -> Bearer:
        """The session cookie with its workstation, by the real ceremony; Refused as the keeper does.

        `played` goes to the key. `station`: the browser's mark; another one each time unless told.
        """
        begun, workstation = self.web.call("sign_in", step="begin"), Workstation()
        response = person.key.assertion(begun["options"], self.origin, **played)
        answer = self.web.call(
            "sign_in", step="finish", challenge_id=begun["challenge_id"], response=response, device=device,
            device_key=workstation.point, station=station or uuid4().hex,
        )  # fmt: skip
        return Bearer.of(answer["cookie"], workstation)

    def signed_in(self, profession: str = "nurse", *units: UUID) -> tuple[Person, Bearer]:
        """A new person and her cookie."""
        person = self.person(profession, *units)
        return person, self.sign_in(person)

    # ── patients ────────────────────────────────────────────────────────────────────────────────────────────────────

    def application(self, site: UUID | None = None) -> str:
        """The cookie of the site's import account."""
        site = site or self.site
        if site not in self._applications:
            answer = self.worker.call(
                "sign_in", step="application", site=site.bytes, manifest=secrets.token_hex(32), purpose="import"
            )
            self._applications[site] = answer["cookie"]
        return self._applications[site]

    def open_new(self, count: int = 1, site: UUID | None = None) -> Batch:
        """Ids and keys for people who do not exist yet."""
        subjects = [{"src": [["test", uuid4().hex]]} for _ in range(count)]
        answer = self.worker.call(
            "open_new", cookie=self.application(site), subjects=subjects, purpose="import", read=EVERYTHING,
            write=EVERYTHING,
        )  # fmt: skip
        return batch_from(answer)

    @contextmanager
    def as_application(self, batch: Batch) -> "Iterator[psycopg.Connection[Any]]":
        """One transaction of role worker that holds the batch's ticket."""
        connection = self._as("worker")
        with connection.transaction():
            connection.execute("SELECT door.use_opening(%s)", (batch.ticket,))
            yield connection

    def patient(
        self, unit: UUID, *, since: datetime | None = None, until: datetime | None = None, bed: UUID | None = None,
        birth_name: str | None = None, first_name: str = "Jeanne", site: UUID | None = None,
        birth_date: str = "1952-03-12",
    ) -> Patient:  # fmt: skip
        """A patient with her identity and one stay in `unit`, which links her to it."""
        return self.patients(
            unit,
            1,
            since=since,
            until=until,
            bed=bed,
            birth_name=birth_name,
            first_name=first_name,
            site=site,
            birth_date=birth_date,
        )[0]

    def patients(
        self, unit: UUID, count: int, *, since: datetime | None = None, until: datetime | None = None,
        bed: UUID | None = None, birth_name: str | None = None, first_name: str = "Jeanne", site: UUID | None = None,
        birth_date: str = "1952-03-12",
    ) -> list[Patient]:  # fmt: skip
        """Several patients of one unit in one opening and one transaction."""
        batch = self.open_new(count, site)
        now = datetime.now(UTC)
        since = since or now - timedelta(days=2)
        drawn = []
        with self.as_application(batch) as connection:
            for one in batch.ids:
                patient = Patient(one, birth_name or f"ESSAI{next(_numbers)}", first_name)
                connection.execute("INSERT INTO identity_patient (patient_id, created_at) VALUES (%s, %s)", (one, now))
                traits = {
                    "birth_name": patient.birth_name, "first_name": first_name, "birth_date": birth_date, "sex": "F",
                    "status": "validee", "ipp": f"{next(_numbers):07d}",
                }  # fmt: skip
                for kind, value in traits.items():
                    row = patient.trait_ids[kind] = uuid4()
                    shape = {"v": value, "from": "2020-01-01", "to": None, "src": "test"}
                    sealed = batch.seal("identity", one, "identity_trait", "sealed", row, shape)
                    connection.execute(
                        "INSERT INTO identity_trait (id, patient_id, kind, sealed) VALUES (%s, %s, %s, %s)",
                        (row, one, kind, sealed),
                    )
                stay = uuid4()
                nda = batch.seal("stay", one, "stays_stay", "nda", stay, f"NDA{next(_numbers)}")
                connection.execute(
                    "INSERT INTO stays_stay (id, patient_id, unit_id, bed_id, nda, admitted_at, discharged_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    (stay, one, unit, bed, nda, since, until),
                )
                connection.execute("SELECT door.link(%s, 'stay', %s, %s, %s)", (one, unit, since, until))
                drawn.append(patient)
        return drawn

    def problem(self, patient: UUID, label: str, category: str = "clinical") -> UUID:
        """A problem of a patient, sealed with the keys that a physician of her unit gets."""
        keys = self.physician_of(patient)
        row = uuid4()
        self.sql(
            "INSERT INTO record_problem (id, patient_id, category, system, code, label, recorded_at, author)"
            " VALUES (%s, %s, %s, 'cim10', 'F32', %s, now(), %s)",
            row, patient, category, keys.seal(category, patient, "record_problem", "label", row, label), uuid4(),
        )  # fmt: skip
        return row

    def allergy(self, patient: UUID, substance: str, severity: str = "severe") -> UUID:
        """An allergy of a patient."""
        keys = self.physician_of(patient)
        row = uuid4()
        sealed = keys.seal("clinical", patient, "record_allergy", "substance", row, substance)
        self.sql(
            "INSERT INTO record_allergy (id, patient_id, category, system, code, substance, severity, recorded_at,"
            " author) VALUES (%s, %s, 'clinical', '', '', %s, %s, now(), %s)",
            row, patient, sealed, severity, uuid4(),
        )  # fmt: skip
        return row

    def comments(self, patient: UUID) -> list[str]:
        """Every comment of this patient's measurements, unsealed."""
        keys = self.physician_of(patient)
        return [
            keys.unseal("clinical", patient, "record_measurement", "comment", row, sealed)
            for row, sealed in self.sql(
                "SELECT id, comment FROM record_measurement WHERE patient_id = %s AND comment IS NOT NULL", patient
            )
        ]

    def physician_of(self, patient: UUID) -> Chart:
        """A chart of this patient as a physician of her unit opens it, every category, reading and writing."""
        (unit,) = self.sql(
            "SELECT unit FROM gate.link WHERE patient_id = %s AND basis = 'stay' ORDER BY id DESC LIMIT 1", patient
        )[0]
        _, cookie = self.signed_in("physician", unit)
        everything = (*EVERYTHING, "protected")
        return chart_from(self.open(cookie, patient, read=everything, write=("clinical", "protected")))

    def stranger(self) -> UUID:
        """A patient of another unit of the same site."""
        return self.patient(self.unit()).id

    def past_link(
        self, patient: UUID, unit: UUID | None, since: datetime, until: datetime | None, *, basis: str = "stay",
        account: UUID | None = None,
    ) -> None:  # fmt: skip
        """A care link between two instants of the test's choice, of a unit or of a person."""
        self.sql(
            "INSERT INTO gate.link (patient_id, basis, unit, account, since, until, entry)"
            " VALUES (%s, %s, %s, %s, %s, %s, 0)",
            patient, basis, unit, account, since, until,
        )  # fmt: skip

    # ── openings ────────────────────────────────────────────────────────────────────────────────────────────────────

    def open(
        self, cookie: str, *ids: UUID, read: Sequence[str] = ("identity", "stay", "clinical"),
        write: Sequence[str] = (), purpose: str = "care", counted: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """The keeper's answer to `open` of these ids."""
        return self.web.call(
            "open", cookie=cookie, ids=[i.bytes for i in ids], purpose=purpose, read=list(read), write=list(write),
            counted=counted,
        )  # fmt: skip

    def open_unit(self, cookie: str, unit: UUID, counted: bool = False) -> dict[str, Any]:
        """The keeper's answer to `open` of a unit's list."""
        return self.web.call(
            "open", cookie=cookie, list="unit", list_id=unit.bytes, purpose="unit_list",
            read=["identity", "stay", "clinical"], write=[], counted=counted,
        )  # fmt: skip

    @contextmanager
    def as_web(self, ticket: str | None) -> "Iterator[psycopg.Connection[Any]]":
        """One transaction of role web, under this ticket; rolled back when it fails."""
        connection = self._as("web")
        with connection.transaction():
            if ticket is not None:
                connection.execute("SELECT door.use_opening(%s)", (ticket,))
            yield connection

    def told(self, ticket: str, category: str, mode: str) -> list[UUID]:
        """What a policy is told under this ticket."""
        connection = self._as("super")
        with connection.transaction():
            connection.execute("SELECT set_config('egide.ticket', %s, true)", (ticket,))
            row = connection.execute("SELECT gate.opened_patients(%s, %s)", (category, mode)).fetchone()
        return list(row[0]) if row else []

    # ── the trail ───────────────────────────────────────────────────────────────────────────────────────────────────

    def entries(self, **where: Any) -> list[dict[str, Any]]:
        """Rows of the trail, oldest first; `patient` looks into ids, other names are columns."""
        conditions, parameters = ["true"], []
        for name, value in where.items():
            conditions.append("ids @> ARRAY[%s]" if name == "patient" else f"{name} = %s")
            parameters.append(value)
        cursor = self._as("super").execute(
            f"SELECT * FROM audit.entry WHERE {' AND '.join(conditions)} ORDER BY id".encode(),  # noqa: S608 — ours
            parameters,
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


BIRTH_DATE = date(1952, 3, 12)
PRESSURE = {"systolic": Decimal(142), "diastolic": Decimal(81)}
