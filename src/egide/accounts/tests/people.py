"""Acts over people as tests make them: asked, signed twice by real assertions; a key enrolled with the two halves."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from egide.gate.tests.factories import Hospital, Person
from egide.rehearsal.softkey import SoftKey


class Office:
    """Two administrators of one site, each signed in on a workstation of her own, and the acts they ask for."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.site = hospital.new_site()
        self.first = self.staff("administrator")
        self.second = self.staff("administrator")
        self.cookies = {one.account: hospital.sign_in(one) for one in (self.first, self.second)}

    def staff(self, profession: str, *units: UUID) -> Person:
        """Somebody of this site, with a line in the directory."""
        person = self.hospital.person(profession, *units, site=self.site)
        given, family = person.name.split(" ", 1)
        self.hospital.sql(
            "INSERT INTO directory_professional (id, family, given, title, profession, rpps) "
            "VALUES (%s, %s, %s, '', %s, '')",
            person.account, f"{family} {person.username}", given, profession,
        )  # fmt: skip
        return person

    def cookie(self, person: Person) -> str:
        """Her session, on a workstation of her own."""
        if person.account not in self.cookies:
            self.cookies[person.account] = self.hospital.sign_in(person)
        return self.cookies[person.account]

    def duty(self, person: Person, kind: str, unit: UUID | None = None) -> None:
        """She answers for a unit, or is on guard for the site, since yesterday."""
        self.hospital.sql(
            "INSERT INTO directory_responsibility (id, professional_id, kind, site_id, unit_id, since)"
            " VALUES (%s, %s, %s, %s, %s, now() - interval '1 day')",
            uuid4(), person.account, kind, self.site, unit,
        )  # fmt: skip

    def ask(self, kind: str, body: dict[str, str], by: Person | None = None) -> bytes:
        """An act written down, not signed."""
        answer = self.hospital.web.call("act", step="ask", cookie=self.cookie(by or self.first), kind=kind, body=body)
        return bytes(answer["act"])

    def yes(self, act: bytes, by: Person | None = None, cookie: str = "", key: SoftKey | None = None) -> dict[str, Any]:
        """One yes; Refused as the keeper does."""
        person = by or self.first
        cookie = cookie or self.cookie(person)
        asked = self.hospital.web.call("act", step="challenge", cookie=cookie, act=act)
        response = (key or person.key).assertion(asked["options"], self.hospital.origin)
        return self.hospital.web.call("act", step="yes", cookie=cookie, act=act, response=response)

    def done(
        self, kind: str, body: dict[str, str], by: Person | None = None, then: Person | None = None
    ) -> tuple[str, str]:
        """An act with both its yeses; the two half codes (empty when no key is handed out)."""
        act = self.ask(kind, body, by)
        first = self.yes(act, by)
        assert first["state"] == "waiting", first
        second = self.yes(act, then or self.second)
        assert second["state"] == "ok", second
        return first["half"], second["half"]

    def new(self, profession: str = "physician", *units: UUID, **changed: str) -> dict[str, str]:
        """The text of an act that creates somebody."""
        name = uuid4().hex[:10]
        return {
            "account": str(uuid4()), "username": f"nouveau.{name}", "family": f"Neuf {name}", "given": "Ada",
            "title": "Dr" if profession == "physician" else "", "profession": profession,
            "units": ",".join(map(str, units)), "site": str(self.site), "rpps": "", "since": "", "until": "",
            "key": "now",
        } | changed  # fmt: skip

    def enrol(self, halves: tuple[str, str], username: str, **played: Any) -> SoftKey:
        """The key that a person makes with her two half codes."""
        begun = self.hospital.web.call("enrol", step="begin", halves=list(halves))
        key, response = SoftKey.register(username, begun["options"], self.hospital.origin, **played)
        self.hospital.web.call(
            "enrol", step="finish", halves=list(halves), challenge_id=begun["challenge_id"], response=response
        )
        return key

    def arrived(self, body: dict[str, str], halves: tuple[str, str]) -> Person:
        """The person created by `body`, with the key she just enrolled."""
        key = self.enrol(halves, body["username"])
        units = tuple(UUID(one) for one in body["units"].split(",") if one)
        return Person(UUID(body["account"]), body["username"], body["given"], body["profession"], self.site, units, key)


def with_key(person: Person, key: SoftKey) -> Person:
    """The same person with another key."""
    return replace(person, key=key)
