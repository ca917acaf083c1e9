"""Breaking the glass: a fresh factor over the exact act, four hours, told to who answers for the patient."""

# ruff: noqa: S608 — tables named in this file

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital, Patient, Person
from egide.gate.tests.test_links import door, links, notices, opens, rows
from egide.kernel.capabilities import Refused
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import ProvingKeeper, Workstation

WORDS = "Patient inconscient amené par le SAMU, confidence-plantée"


class Emergency:
    """A patient of one unit, its physician, and somebody of another unit who needs her chart."""

    def __init__(self, hospital: Hospital, profession: str = "physician") -> None:
        self.hospital = hospital
        self.unit = hospital.unit()
        # admitted long enough ago to be on no work list
        self.patient: Patient = hospital.patient(self.unit, since=datetime.now(UTC) - timedelta(days=9))
        self.responsible: Person = hospital.person("physician", self.unit)
        self.person: Person
        self.person, self.cookie = hospital.signed_in(profession, hospital.unit())

    def begin(self, patient: UUID | None = None, reason: str = "vital_emergency", words: str = WORDS) -> dict[str, Any]:
        return self.hospital.web.call(
            "approve", cookie=self.cookie, step="begin", kind="break_glass", patient=(patient or self.patient.id).bytes,
            reason=reason, words=words,
        )  # fmt: skip

    def finish(
        self,
        begun: dict[str, Any],
        key: SoftKey | None = None,
        *,
        words: str = WORDS,
        cookie: str | None = None,
        **how: Any,
    ) -> dict[str, Any]:
        response = (key or self.person.key).assertion(begun["options"], how.pop("origin", self.hospital.origin), **how)
        return self.hospital.web.call(
            "approve", cookie=cookie or self.cookie, step="finish", act=begun["act"], response=response, words=words
        )

    def said(self, begun: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
        return self.hospital.web.call(
            "approve", cookie=self.cookie, step="finish", act=begun["act"], response=response, words=WORDS
        )

    def break_glass(self, patient: UUID | None = None) -> dict[str, Any]:
        return self.finish(self.begin(patient))

    def opened(self) -> str:
        return opens(self.hospital, self.cookie, self.patient.id)

    def entry(self) -> int:
        return int(self.hospital.entries(account=self.person.account, kind="break_glass")[-1]["id"])


@pytest.fixture
def case(hospital: Hospital) -> Emergency:
    return Emergency(hospital)


def test_the_chart_opens_for_four_hours_and_it_is_known(case: Emergency, hospital: Hospital) -> None:
    assert case.opened() == "no_link"
    assert case.break_glass() == {"state": "ok"}
    assert case.opened() == "break_glass"
    assert links(hospital, case.patient.id, "break_glass") == [(case.person.account, None, timedelta(hours=4))]
    (entry,) = hospital.entries(account=case.person.account, kind="break_glass")
    assert (entry["ids"], entry["reason"], entry["verdict"]) == ([case.patient.id], "vital_emergency", "done")
    assert notices(hospital, case.responsible) == ["break_glass"]
    assert notices(hospital, case.person) == []
    hospital.sql(
        "UPDATE gate.link SET since = since - interval '5 h', until = until - interval '5 h' WHERE account = %s",
        case.person.account,
    )
    assert case.opened() == "no_link"


def test_it_spends_the_scarce_purse_and_is_never_refused_for_it(case: Emergency, hospital: Hospital) -> None:
    case.break_glass()
    case.opened()
    sums = "SELECT class, (SELECT sum(x) FROM unnest(ring_day) x) FROM gate.purse WHERE account = %s"
    purses = dict(hospital.sql(sums, case.person.account))
    assert purses == {"unlinked": 1}


def test_only_its_own_person_opens_only_that_patient(case: Emergency, hospital: Hospital) -> None:
    other = hospital.patient(case.unit)
    _, colleague = hospital.signed_in("physician", case.person.units[0])
    case.break_glass()
    assert opens(hospital, case.cookie, other.id) == "no_link"
    assert opens(hospital, colleague, case.patient.id) == "no_link"
    with pytest.raises(Refused, match="not_your_unit"):
        hospital.open_unit(case.cookie, case.unit)


@pytest.mark.parametrize("profession", ["administrator", "dpo", "rssi", "porter", "billing", "application"])
def test_it_is_for_those_who_give_care(hospital: Hospital, profession: str) -> None:
    from egide.gate import rules

    if profession == "application":
        with pytest.raises(Refused, match="wrong_socket"):
            hospital.worker.call("approve", cookie=hospital.application(), step="begin", kind="break_glass",
                                 patient=uuid4().bytes, reason="other", words="")  # fmt: skip
        return
    case = Emergency(hospital, profession)
    assert not rules.may_break_glass(profession)
    with pytest.raises(Refused, match="category_closed"):
        case.break_glass()
    assert case.opened() in {"no_link", "category_closed"}
    assert links(hospital, case.patient.id, "break_glass") == []
    assert hospital.entries(account=case.person.account, kind="refuse")[0]["reason"] == "category_closed"


# ── the yes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(case: Emergency, begun: dict[str, Any], *arguments: Any, **how: Any) -> str:
    with pytest.raises(Refused) as refusal:
        case.finish(begun, *arguments, **how)
    assert links(case.hospital, case.patient.id, "break_glass") == []
    return refusal.value.code


def test_a_key_without_its_user_verified_opens_nothing(case: Emergency) -> None:
    assert refused(case, case.begin(), verified=False) == "no_user_verification"


def test_an_answer_from_another_origin_opens_nothing(case: Emergency) -> None:
    assert refused(case, case.begin(), origin="http://evil.example") == "bad_assertion"


def test_a_yes_to_one_act_is_no_yes_to_another(case: Emergency, hospital: Hospital) -> None:
    wanted, other = case.begin(), case.begin(hospital.stranger())
    response = case.person.key.assertion(other["options"], hospital.origin)
    with pytest.raises(Refused, match="bad_assertion"):
        hospital.web.call(
            "approve", cookie=case.cookie, step="finish", act=wanted["act"], response=response, words=WORDS
        )
    assert case.opened() == "no_link"


def test_a_sign_in_is_no_yes_and_a_yes_is_no_sign_in(case: Emergency, hospital: Hospital) -> None:
    begun = case.begin()
    signing = hospital.web.call("sign_in", step="begin")
    for_sign_in = case.person.key.assertion(signing["options"], hospital.origin)
    with pytest.raises(Refused, match="bad_assertion"):
        hospital.web.call(
            "approve", cookie=case.cookie, step="finish", act=begun["act"], response=for_sign_in, words=WORDS
        )
    for_act = case.person.key.assertion(begun["options"], hospital.origin)
    with pytest.raises(Refused, match="bad_assertion"):
        hospital.web.call(
            "sign_in", step="finish", challenge_id=signing["challenge_id"], response=for_act, device="x",
            device_key=Workstation().point,
        )  # fmt: skip


def test_the_words_are_those_that_were_approved(case: Emergency) -> None:
    assert refused(case, case.begin(), words="autre chose") == "bad_request"


def test_a_yes_counts_once(case: Emergency) -> None:
    begun = case.begin()
    assert case.finish(begun) == {"state": "ok"}
    with pytest.raises(Refused, match="act_ended"):
        case.finish(begun)
    assert len(links(case.hospital, case.patient.id, "break_glass")) == 1


def test_an_act_lives_five_minutes(case: Emergency, hospital: Hospital) -> None:
    begun = case.begin()
    hospital.sql("UPDATE accounts.act SET expires_at = now() WHERE id = %s", UUID(bytes=begun["act"]))
    assert refused(case, begun) == "act_ended"


def test_nobody_finishes_anothers_act(case: Emergency, hospital: Hospital) -> None:
    begun = case.begin()
    thief, cookie = hospital.signed_in("physician", hospital.unit())
    assert refused(case, begun, thief.key, cookie=cookie) == "act_ended"
    assert refused(case, begun, thief.key) == "not_approved"  # the first yes is one's own


def test_a_yes_that_is_refused_before_its_key_is_looked_at_is_a_row_of_whose_session_handed_it_in(
    case: Emergency, hospital: Hospital
) -> None:
    begun, unknown = case.begin(), uuid4()
    thief, cookie = hospital.signed_in("physician", hospital.unit())
    assert refused(case, begun, words="autre chose") == "bad_request"
    assert refused(case, begun | {"act": unknown.bytes}) == "act_ended"
    assert refused(case, begun, thief.key, cookie=cookie) == "act_ended"
    act = UUID(bytes=begun["act"])
    hospital.sql("UPDATE accounts.act SET expires_at = now() WHERE id = %s", act)
    assert refused(case, begun) == "act_ended"
    response = case.person.key.assertion(begun["options"], hospital.origin)
    with pytest.raises(Refused, match="act_ended"):
        hospital.web.call("act", step="yes", cookie=case.cookie, act=unknown.bytes, response=response)
    told = [
        [(entry["reason"], entry["object"]) for entry in hospital.entries(account=account, kind="refuse")]
        for account in (case.person.account, thief.account)
    ]
    hers = [("bad_request", str(act)), ("act_ended", str(unknown)), ("act_ended", str(act))]
    assert told == [[*hers, ("act_ended", f"account=;act={unknown}")], [("act_ended", str(act))]]


def test_the_act_dies_with_its_session(case: Emergency, hospital: Hospital) -> None:
    begun = case.begin()
    hospital.web.call("revoke", cookie=case.cookie)
    other = hospital.sign_in(case.person)
    with pytest.raises(Refused, match="act_ended"):
        case.finish(begun, cookie=other)
    assert links(hospital, case.patient.id, "break_glass") == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": "x"}, "bad_request"), ({"reason": "DROP TABLE"}, "bad_request"), ({"reason": ""}, "bad_request"),
        ({"words": "x" * 1001}, "bad_request"),
    ],
)  # fmt: skip
def test_an_act_is_a_known_one(case: Emergency, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        case.begin(**change)


def test_an_act_of_the_base_altered_by_its_owner_is_not_what_was_signed(case: Emergency, hospital: Hospital) -> None:
    """The challenge is the hash of the row: change the patient, and the yes is void."""
    begun = case.begin()
    stranger = hospital.stranger()
    hospital.sql("UPDATE accounts.act SET body = replace(body, %s, %s) WHERE id = %s",
                 str(case.patient.id), str(stranger), UUID(bytes=begun["act"]))  # fmt: skip
    assert refused(case, begun) == "bad_assertion"
    assert links(hospital, stranger, "break_glass") == []


def test_a_patient_nobody_knows_is_refused_and_recorded(case: Emergency, hospital: Hospital) -> None:
    nobody = uuid4()
    with pytest.raises(Refused, match="no_link"):
        case.finish(case.begin(nobody))
    assert [e["reason"] for e in hospital.entries(patient=nobody, kind="refuse")] == ["no_link"]


# ── from the sixth, a colleague ─────────────────────────────────────────────────────────────────────────────────────


def sixth(case: Emergency) -> dict[str, Any]:
    """Five others today already; the sixth, said yes to by herself."""
    others = case.hospital.patients(case.unit, 5)
    for one in others:
        assert case.break_glass(one.id) == {"state": "ok"}
    begun = case.begin()
    answer = case.finish(begun)
    assert answer["state"] == "colleague_needed"
    assert links(case.hospital, case.patient.id, "break_glass") == []
    return {"act": answer["act"], "options": answer["options"]}


def test_from_the_sixth_of_the_day_a_colleague_confirms_with_his_own_key(case: Emergency, hospital: Hospital) -> None:
    colleague = hospital.person("nurse", hospital.unit())
    waiting = sixth(case)
    spare = SoftKey.make(case.person.username, case.person.account, "localhost")
    hospital.enrol(case.person, spare)
    for key in (case.person.key, spare):
        assert refused(case, waiting, key) == "same_person"
    assert case.opened() == "no_link"
    assert case.finish(waiting, colleague.key) == {"state": "ok"}
    assert case.opened() == "break_glass"
    yes = hospital.sql(
        "SELECT account FROM accounts.approval WHERE act = %s ORDER BY place", UUID(bytes=waiting["act"])
    )
    assert yes == [(case.person.account,), (colleague.account,)]


def test_a_colleague_whose_key_or_account_ended_does_not_count(case: Emergency, hospital: Hospital) -> None:
    gone = hospital.person("nurse", hospital.unit())
    hospital.sql("UPDATE accounts.account SET ended_at = now() WHERE id = %s", gone.account)
    left = hospital.person("nurse", hospital.unit())
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", left.account)
    waiting = sixth(case)
    assert refused(case, waiting, gone.key) in {"unknown_key", "not_approved"}
    assert refused(case, waiting, left.key) == "bad_approval"
    stranger = SoftKey.make("x", uuid4(), "localhost")
    assert refused(case, waiting, stranger) == "unknown_key"


def test_two_at_once_do_not_both_pass_as_the_fifth(case: Emergency, hospital: Hospital) -> None:
    from egide.gate.tests.test_purse import at_once

    for one in hospital.patients(case.unit, 4):
        case.break_glass(one.id)
    targets = hospital.patients(case.unit, 4)
    begun = [case.begin(one.id) for one in targets]
    keys = [SoftKey.make(case.person.username, case.person.account, "localhost") for _ in targets]
    for key in keys:
        hospital.enrol(case.person, key)
    said = [key.assertion(one["options"], hospital.origin) for key, one in zip(keys, begun, strict=True)]

    def finish(place: int) -> str:
        keeper = ProvingKeeper(hospital.home.keeper_socket("web"))
        try:
            answer = keeper.call(
                "approve", cookie=case.cookie, step="finish", act=begun[place]["act"], response=said[place], words=WORDS
            )
        finally:
            keeper.close()
        return str(answer["state"])

    assert sorted(at_once(4, finish)) == ["colleague_needed"] * 3 + ["ok"]


# ── told, read, reviewed ────────────────────────────────────────────────────────────────────────────────────────────


def words(hospital: Hospital, cookie: str, entry: int) -> str:
    return str(hospital.web.call("words", cookie=cookie, entry=entry)["words"])


def test_the_words_lie_sealed_and_open_to_who_was_told_and_that_is_a_row(case: Emergency, hospital: Hospital) -> None:
    case.break_glass()
    entry = case.entry()
    for table in ("gate.words", "accounts.act", "accounts.approval", "gate.notice", "audit.entry"):
        assert "confidence" not in str(hospital.sql(f"SELECT * FROM {table}"))
        assert b"confidence" not in b"".join(bytes(v) for row in hospital.sql(f"SELECT * FROM {table}") for v in row
                                             if isinstance(v, bytes))  # fmt: skip
    responsible = hospital.sign_in(case.responsible)
    assert words(hospital, responsible, entry) == WORDS
    (opened,) = hospital.entries(account=case.responsible.account, kind="words")
    assert (opened["object"], opened["verdict"]) == (str(entry), "opened")
    _, other = hospital.signed_in("physician", hospital.unit())
    for cookie in (case.cookie, other):
        with pytest.raises(Refused, match="no_link"):
            words(hospital, cookie, entry)
    assert [e["reason"] for e in hospital.entries(account=case.person.account, kind="refuse")][-1] == "no_link"


def test_without_a_physician_in_the_unit_the_dpo_is_told(hospital: Hospital) -> None:
    case = Emergency(hospital)
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", case.responsible.account)
    dpo = hospital.person("dpo")
    case.break_glass()
    assert "break_glass" in notices(hospital, dpo)
    assert notices(hospital, case.responsible) == []
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", dpo.account)


def test_it_is_reviewed_once_by_who_was_told_and_never_by_who_asked(case: Emergency, hospital: Hospital) -> None:
    second = hospital.person("physician", case.unit)
    case.break_glass()
    entry = case.entry()
    responsible, other = hospital.sign_in(case.responsible), hospital.sign_in(second)
    _, stranger = hospital.signed_in("physician", hospital.unit())
    assert door(hospital, case.cookie, "review(%s, 'accepted')", entry) == "no_link"
    assert door(hospital, stranger, "review(%s, 'accepted')", entry) == "no_link"
    assert door(hospital, responsible, "review(%s, 'perhaps')", entry) == "bad_request"
    assert door(hospital, responsible, "review(%s, 'questioned')", entry) == "ok"
    assert door(hospital, other, "review(%s, 'accepted')", entry) == "already"
    assert rows(hospital, other, "my_notices()")[0][-1] == "questioned"
    (row,) = hospital.entries(kind="review", account=case.responsible.account)
    assert (row["verdict"], row["ids"], row["object"]) == ("questioned", [case.patient.id], str(entry))


def test_a_yes_is_kept_and_cannot_be_changed(case: Emergency, hospital: Hospital) -> None:
    import psycopg

    case.break_glass()
    for statement in ("UPDATE accounts.approval SET assertion = ''", "DELETE FROM accounts.approval"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            hospital.sql(statement)


def test_a_yes_that_fails_leaves_a_row(case: Emergency, hospital: Hospital) -> None:
    """Trying a stolen key on an emergency access is never silent."""
    thief = dataclasses.replace(case.person.key, private=hospital.person().key.private)
    refused(case, case.begin(), thief)
    refused(case, case.begin(), verified=False)
    reasons = [e["reason"] for e in hospital.entries(account=case.person.account, kind="refuse")]
    assert reasons == ["bad_assertion", "no_user_verification"]
