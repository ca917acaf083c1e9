"""Every yes verified again: its line in the trail, the act it was said to, the key that the trail says was enrolled.

It trusts the trail's lines alone (the verifier proves those); acts and assertions are what the base kept: they must
agree.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from egide.audit.verifier import Finding, Line
from egide.kernel.acts import act_challenge
from egide.kernel.assertions import credential_of, signed_by

_MARKS = (b'"kind":"approval"', b'"kind":"enrol"')


@dataclass(frozen=True, slots=True)
class Kept:
    """One yes as the base keeps it."""

    act: UUID
    kind: str
    nonce: bytes
    body: str
    account: UUID
    assertion: bytes


@dataclass
class Told:
    """What the trail says of yeses and keys, gathered while its lines go by."""

    yeses: dict[tuple[UUID, str], tuple[int, str]] = field(default_factory=dict)
    keys: dict[bytes, tuple[str, bytes]] = field(default_factory=dict)
    old: set[str] = field(default_factory=set)  # accounts with a key enrolled before the trail kept public keys

    def watch(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The same lines; approvals and enrolments among them are remembered."""
        for line in lines:
            if line.payload is not None and any(mark in line.payload for mark in _MARKS):
                self._take(line.entry_id, json.loads(line.payload))
            yield line

    def _take(self, entry: int, row: dict[str, str]) -> None:
        said = str(row["object"] or "")
        if row["kind"] == "enrol":
            model, _, rest = said.partition(":")
            credential, _, public_key = rest.partition(":")
            if model and credential and public_key:
                self.keys[bytes.fromhex(credential)] = (row["account"], bytes.fromhex(public_key.partition(":")[0]))
            else:
                self.old.add(row["account"])
        elif row["verdict"] == "approved":
            act, _, digest = said.partition(":")
            self.yeses[UUID(act), digest] = (entry, row["account"])


@dataclass
class Yeses:
    """How many were verified; `old` ones were said with a key enrolled before the trail kept public keys."""

    verified: int = 0
    old: int = 0
    findings: list[Finding] = field(default_factory=list)


def verify_yeses(told: Told, kept: Iterable[Kept]) -> Yeses:
    """Compare both sides; each yes that does not stand is a finding, and so is one that only one side has."""
    found = Yeses()
    left = dict(told.yeses)
    for one in kept:
        line = left.pop((one.act, sha256(one.assertion).hexdigest()), None)
        if line is None:
            found.findings.append(_finding("yes_unknown", one.act, "n'a aucune ligne dans la trace", None))
            continue
        entry, account = line
        key = told.keys.get(credential_of(one.assertion))
        if account != str(one.account):
            found.findings.append(_finding("yes_account", one.act, "est attribué à un autre que dans la trace", entry))
        elif key is None and account in told.old:
            found.old += 1
        elif key is None:
            text = "est dit par une clé que la trace n'a jamais vu remettre"
            found.findings.append(_finding("yes_unknown_key", one.act, text, entry))
        elif key[0] != account or not signed_by(
            key[1], act_challenge(one.kind, one.act, one.nonce, one.body), one.assertion
        ):
            text = "n'est pas la signature de cet acte par la clé que la trace lui connaît"
            found.findings.append(_finding("yes_forged", one.act, text, entry))
        else:
            found.verified += 1
    for (act, _), (entry, _) in left.items():
        found.findings.append(_finding("yes_missing", act, "manque à la base, la trace en a la ligne", entry))
    return found


def kept_in_base(conn: "psycopg.Connection[TupleRow]") -> list[Kept]:
    """Every yes that the base keeps, as role auditor."""
    return [
        Kept(act, kind, bytes(nonce), body, account, bytes(assertion))
        for act, kind, nonce, body, account, assertion in conn.execute("SELECT * FROM audit.approvals()").fetchall()
    ]


def _finding(code: str, act: UUID, text: str, entry: int | None) -> Finding:
    return Finding(code, f"un accord à l'acte {act} {text}", entry_id=entry)
