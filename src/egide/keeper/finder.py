"""The finder: from what was typed to at most ten rows, charged and written down before they are shown.

Tokens, candidates and ranking live here, beside the keys; the web process sends what was typed and receives the rows
that `gate.searched` lets be shown, nothing of the others but how many they are. Design: finding without listing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgpack

from egide.keeper import present
from egide.keeper.masks import mask, mask_number, mask_phone
from egide.keeper.masters import Masters
from egide.keeper.typed import LETTERS, Typed, Unclear, parse
from egide.kernel import clock, likeness, phonetics, sealing, tokens
from egide.kernel.leaf import COLUMNS, row_leaf
from egide.kernel.likeness import NEAR, SURE

ENTRY = (*COLUMNS, "salt")
_ANSWER = "r.code, r.shown, r.linked, r.full, r.near, r.masked, (r.actor).*, " + ", ".join(
    f'(r.entry).{name} AS "e_{name}"' for name in ENTRY
)
_CATEGORY = {"identity_trait": "identity", "identity_contact": "contact", "identity_ins": "ins"}
_SWEPT = 200
_RANKED = 60  # persons whose class is told to the gate; a page shows ten
_SHORTEST = 2  # letters of a whole name: LY, NG
_CANDIDATES = "SELECT * FROM identity.candidates(%s, %s::uuid[], %s::uuid)"
MASKED = ("phone", "email", "address", "ins")
_DOMAINS = ("entity", "group")
Asked = list[list[int]]  # tokens, a list a living version of their key


@dataclass(slots=True)
class Candidate:
    """One person as ranking needs her: every name she bears or bore, unsealed here, never sent as such."""

    id: UUID
    names: list[str] = field(default_factory=list)
    firsts: list[str] = field(default_factory=list)
    births: list[date] = field(default_factory=list)
    places: list[tuple[bytes, UUID]] = field(default_factory=list)
    score: float = 0.0
    kind: str = ""

    def rank(self, typed: Typed) -> None:
        """Her likeness: the best over the dates she is known under."""
        names = _forms(self.names)
        firsts = _forms(self.firsts)
        births: list[date | None] = [*self.births] or [None]
        self.score = max(likeness.score(typed.name, typed.first, typed.born, names, firsts, born) for born in births)

    def on_the_date(self, typed: Typed) -> bool:
        """Whether she is known under the very date that was typed, in all that was typed of it."""
        return typed.born is not None and any(likeness.dates(typed.born, born) == 1.0 for born in self.births)

    def named_exactly(self, typed: Typed) -> bool:
        """Whether name and first name were typed as they are borne, letter for letter."""
        if not (typed.name and typed.first):
            return False
        return typed.name[0] in map(phonetics.letters, self.names) and typed.first[0] in map(
            phonetics.letters, self.firsts
        )


def _forms(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for value in values for form in phonetics.forms(value)))


class Finder:
    """One a keeper. `expect(id, leaf)` remembers the search's row until it is under a checkpoint; `count(told, ids)`
    charges whom it discovered to the keeper's own ceilings, and raises where nothing may be shown."""

    def __init__(
        self,
        masters: Masters,
        expect: Callable[[int, bytes], None],
        count: Callable[[dict[str, Any], list[UUID]], None],
    ) -> None:
        self._masters = masters
        self._expect = expect
        self._count = count
        # one a living version: while it is being renewed, a person is found by one or the other
        self._blinders = [tokens.Blinder(key) for _, key in sorted(masters.keys["token"].items(), reverse=True)]

    def search(
        self, conn: Any, session: UUID, account: UUID, typed: dict[str, Any], unmask: bool, domain: str
    ) -> dict[str, Any]:
        """Rows to show and counts of the rest. Raises Unclear; a refusal by the gate is its code, without rows."""
        what = parse(typed)
        door = what.door
        if domain not in _DOMAINS:
            raise Unclear("bad_request")
        allowed = self._ask(conn, "gate.may_search(%s, %s, %s)", (session, account, door))
        if allowed["code"] != "ok":
            return self._answer(allowed, door, [])
        if domain == "group":
            allowed = self._ask(conn, "gate.may_search_group(%s, %s, %s)", (session, account, door))
            if allowed["code"] != "ok":
                return self._answer(allowed, door, [])
        asked, found = self.candidates(conn, what, door, allowed["site"] if domain == "entity" else None)
        if door == "phone":
            found = self._expected(conn, session, account, found)
        ranked = self.ranked(found, what, door)
        told = self._ask(
            conn, "gate.searched(%s, %s, %s, %s, %s, %s, %s, %s)",
            (session, account, door, domain, [one.id for one in ranked], [one.kind for one in ranked], bool(unmask),
             len(found)),
        )  # fmt: skip
        shown: list[UUID] = list(told["shown"] or ())
        if not shown:
            return self._answer(told, door, [])
        kinds = {one.id: one.kind for one in ranked}
        linked = set(told["linked"])
        discovered = [one for one in shown if one not in linked and kinds[one] != "confirmed"]
        if discovered:
            self._count(told, discovered)
        whole = self._read(conn, asked, shown)
        rows = [
            self._row(i, whole.get(i, []), what, kinds[i] == "confirmed" and i not in linked, i in linked)
            for i in shown
        ]
        return self._answer(told, door, rows)

    def present(self, conn: Any, session: UUID, account: UUID, typed: dict[str, Any]) -> dict[str, Any]:
        """Who of the present answers to a name: three rows at most, none when more do. Raises Unclear.

        Every present person is compared at each question: see `present`.
        """
        asked = present.heard(typed)
        if asked is None:
            raise Unclear("four_letters")
        allowed = self._ask(conn, "gate.may_search(%s, %s, %s)", (session, account, "present"))
        if allowed["code"] != "ok":
            return self._answer(allowed, "present", [])
        rows = conn.execute("SELECT * FROM identity.present(%s, %s)", (session, account), prepare=False).fetchall()
        people = present.gathered(
            rows, lambda row: self._unseal("identity_trait", row["patient_id"], row["id"], row["sealed"])
        )
        found = present.matching(people, *asked)
        shown = found if len(found) <= present.SHOWN else []
        told = self._ask(
            conn, "gate.presented(%s, %s, %s, %s)", (session, account, [one.id for one, _ in shown], len(found))
        )
        if not told["shown"]:
            return self._answer(told, "present", [])
        today = clock.today()
        return self._answer(told, "present", [one.row(under, today) for one, under in shown])

    def masks(self, conn: Any, session: UUID, account: UUID, opening: int, patient: UUID) -> list[dict[str, str]]:
        """Current contacts and INS of somebody whom this session holds open, masked; none when it does not."""
        shown: list[dict[str, str]] = []
        rows = conn.execute(
            "SELECT * FROM identity.contacts_of(%s, %s, %s, %s)", (session, account, opening, patient), prepare=False
        )
        for row in rows:
            value = self._unseal(row["source"], row["patient_id"], row["id"], row["sealed"])
            if isinstance(value, dict) and value.get("to") is None and row["kind"] in MASKED:
                shown.append({"kind": row["kind"], "text": mask(row["kind"], str(value.get("v", "")))})
        return sorted(shown, key=lambda one: MASKED.index(one["kind"]))

    def sweep(self, conn: Any) -> dict[str, int]:
        """Tokens of ids whose rows never came: how many persons and tokens. One row of the trail names 200 at most."""
        persons = tokens = 0
        after = UUID(int=0)
        while True:
            told = self._ask(conn, "identity.sweep(%s)", (after,))
            persons, tokens = persons + told["full"], tokens + told["near"]
            if told["full"] < _SWEPT:
                return {"persons": persons, "tokens": tokens}
            after = told["shown"][-1]

    def candidates(
        self, conn: Any, what: Typed, door: str, site: UUID | None = None
    ) -> tuple[Asked, dict[UUID, Candidate]]:
        """Everybody whom the tokens name, ranked; and the tokens asked for. A second tier when nobody is sure.

        Among those whom the legal entity of `site` knows; in the whole group without one.
        """
        first = self._asked(what, door)
        found = self._candidates(conn, first, what, site)
        if door in ("number", "phone", "year"):
            return first, found
        best = max((one.score for one in found.values()), default=0.0)
        full_names = what.name and what.first and min(len(what.name[0]), len(what.first[0])) >= _SHORTEST
        if best < SURE and full_names and what.born is not None and (day := what.born.whole) is not None:
            days = list(likeness.neighbours(day, clock.today() + timedelta(days=1)))
            more = [one.of_slips(what.name, what.first, day, days) for one in self._blinders]
            found = {**self._candidates(conn, more, what, site), **found}
            return [[*near, *far] for near, far in zip(first, more, strict=True)], found
        return first, found

    def _asked(self, what: Typed, door: str) -> Asked:
        """Tokens of what was typed, under each living version."""
        if door == "number":
            numbers = [(kind, one) for kind, one in (("INS", what.ins), ("IPP", what.ipp)) if one]
            return [[one.number(kind, value) for kind, value in numbers] for one in self._blinders]
        if door == "phone":
            return [[one.number("TEL", what.phone)] for one in self._blinders]
        if door == "year":
            year = what.born.year if what.born else 0
            return [one.of_year(what.name, what.first, year) for one in self._blinders]
        day = what.born.whole if what.born else None
        if day is None:
            raise Unclear("no_such_day")
        return [one.of_search(what.name, what.first, day) for one in self._blinders]

    def _expected(self, conn: Any, session: UUID, account: UUID, found: dict[UUID, Candidate]) -> dict[UUID, Candidate]:
        """A caller's number is answered from the agenda only: those with an appointment in the actor's team."""
        row = conn.execute(
            "SELECT gate.expected_among(%s, %s, %s) AS ids", (session, account, list(found)), prepare=False
        ).fetchone()
        return {one: found[one] for one in row["ids"] or () if one in found}

    def ranked(self, found: dict[UUID, Candidate], what: Typed, door: str) -> list[Candidate]:
        """Those near enough, likest first, each with its class (see gate.searched)."""
        for one in found.values():
            one.kind = self._kind(one, what, door)
        near = [one for one in found.values() if one.kind]
        near.sort(key=lambda one: (-one.score, one.id.bytes))
        return near[:_RANKED]

    def _kind(self, one: Candidate, what: Typed, door: str) -> str:
        if door in ("number", "phone"):
            return "full"
        if one.score < NEAR:
            return ""
        sure = one.score >= SURE and one.on_the_date(what)
        if door == "year":
            if not sure:
                return ""
            return "full" if what.place and self._born_in(one, what.place) else "masked"
        if not sure or (what.place and not self._born_in(one, what.place)):
            return "near"
        return "confirmed" if one.named_exactly(what) else "full"

    def _born_in(self, one: Candidate, place: str) -> bool:
        """Whether the place typed (commune, three letters at least, or INSEE code) is hers."""
        for sealed, row in one.places:
            code, _, label = str(self._value("identity_trait", one.id, row, sealed)).partition("|")
            if place == code.strip() or (len(place) >= LETTERS and phonetics.letters(label).startswith(place)):
                return True
        return False

    def _candidates(self, conn: Any, asked: Asked, what: Typed, site: UUID | None) -> dict[UUID, Candidate]:
        found: dict[UUID, Candidate] = {}
        for row in self._rows(conn, asked, [], site):
            one = found.setdefault(row["patient_id"], Candidate(row["patient_id"]))
            kind = row["kind"]
            if kind == "birth_place":
                one.places.append((row["sealed"], row["id"]))
                continue
            value = str(self._value("identity_trait", one.id, row["id"], row["sealed"]))
            if kind in ("birth_name", "used_name"):
                one.names.append(value)
            elif kind in ("first_name", "used_first_name"):
                one.firsts.append(value)
            elif kind == "birth_date" and (day := _day(value)) is not None:
                one.births.append(day)
        for one in found.values():
            one.rank(what)
        return found

    @staticmethod
    def _rows(conn: Any, asked: Asked, ids: list[UUID], site: UUID | None) -> Iterator[dict[str, Any]]:
        """Each once, though two versions find it."""
        seen: set[UUID] = set()
        for tokens_asked in asked:
            for row in conn.execute(_CANDIDATES, (tokens_asked, ids, site), prepare=False):
                if row["id"] not in seen:
                    seen.add(row["id"])
                    yield row

    def _read(self, conn: Any, asked: Asked, ids: list[UUID]) -> dict[UUID, list[tuple[str, dict[str, Any]]]]:
        whole: dict[UUID, list[tuple[str, dict[str, Any]]]] = {}
        for row in self._rows(conn, asked, ids, None):
            value = self._unseal(row["source"], row["patient_id"], row["id"], row["sealed"])
            if isinstance(value, dict):
                whole.setdefault(row["patient_id"], []).append((row["kind"], value))
        return whole

    def _row(
        self, patient: UUID, values: list[tuple[str, dict[str, Any]]], what: Typed, confirmed: bool, linked: bool
    ) -> dict[str, Any]:
        """One row: current values. A confirmed one shows what was typed and the sex; phone and INS are masked here."""
        now: dict[str, str] = {}
        since: dict[str, str] = {}
        former: dict[str, list[str]] = {}
        for kind, value in values:
            former.setdefault(kind, []).append(str(value.get("v", "")))
            start = str(value.get("from") or "")
            if value.get("to") is None and start >= since.get(kind, ""):
                now[kind], since[kind] = str(value.get("v", "")), start
        row: dict[str, Any] = {"id": patient.bytes, "linked": linked, "confirmed": confirmed}
        typed = {*what.name[:1], *what.first[:1]}
        for kind in ("birth_name", "used_name", "first_name", "used_first_name"):
            text = now.get(kind)
            if text is not None and confirmed and phonetics.letters(text) not in typed:
                text = text[:1] + "•••"
            row[kind] = text
        if confirmed and not any(
            phonetics.letters(now.get(kind, "")) in what.name[:1] for kind in ("birth_name", "used_name")
        ):
            # found by a name she no longer bears: the row says which
            row["former_name"] = next(
                (
                    one
                    for kind in ("birth_name", "used_name")
                    for one in former.get(kind, ())
                    if phonetics.letters(one) in typed
                ),
                None,
            )
        row["sex"], row["birth_date"] = now.get("sex"), now.get("birth_date")
        if not confirmed:
            row |= {kind: now.get(kind) for kind in ("first_names", "birth_place", "ipp", "status", "deceased")}
            row["phone"], row["ins"] = mask_phone(now.get("phone")), mask_number(now.get("ins"))
        row["agrees"] = _agreements(row, what)
        return row

    def _value(self, table: str, patient: UUID, row: UUID, sealed: bytes) -> Any:
        value = self._unseal(table, patient, row, sealed)
        return value.get("v", "") if isinstance(value, dict) else ""

    def _unseal(self, table: str, patient: UUID, row: UUID, sealed: bytes) -> Any:
        """The value; None when it cannot be opened: one spoiled row must not hide the others."""
        category = _CATEGORY[table]
        keys = {
            version: sealing.patient_key(master, category, patient)
            for version, master in self._masters.keys[category].items()
        }
        try:
            plain = sealing.unseal(keys, bytes(sealed), sealing.associated(table, "sealed", row, category))
            return msgpack.unpackb(plain, raw=False)
        except (sealing.CannotUnseal, ValueError, msgpack.UnpackException):
            return None

    def _ask(self, conn: Any, call: str, parameters: tuple[Any, ...]) -> dict[str, Any]:
        row: dict[str, Any] = conn.execute(f"SELECT {_ANSWER} FROM {call} r", parameters).fetchone()  # noqa: S608 — ours
        if row["e_id"] is not None:
            entry = {name: row[f"e_{name}"] for name in ENTRY}
            self._expect(entry["id"], row_leaf(entry))
        return row

    @staticmethod
    def _answer(told: dict[str, Any], door: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "told": told, "code": told["code"], "door": door, "rows": rows,
            "full": told["full"] or 0, "near": told["near"] or 0, "masked": told["masked"] or 0,
        }  # fmt: skip


def _agreements(row: dict[str, Any], what: Typed) -> list[str]:
    """Which shown traits are exactly what was typed (RNIV SI 17: concordances stand out)."""
    found = []
    both = (*what.name[:1], *what.first[:1])
    for kind in ("birth_name", "used_name", "first_name", "used_first_name"):
        text = phonetics.letters(row[kind] or "")
        if text and any(text == one or (len(one) >= LETTERS and text.startswith(one)) for one in both):
            found.append(kind)
    born = _day(row["birth_date"] or "")
    if born is not None and what.born is not None and likeness.dates(what.born, born) == 1.0:
        found.append("birth_date")
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
