"""Attack 12: an administrator, a DPO or an RSSI makes himself a clinician, alone or with a colleague who does not look.

He holds his own key and session, has read our source, and speaks HTTP. R counts patients he could print; T is from the
first refused try to the alarm that the RSSI can read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from egide.rehearsal.drill.acts import Offices, half_of
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import Account, Stage
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import SignInFailed

NUMBER: Final = 12
ALARM_SECONDS: Final = 1.0
PATIENTS: Final = 20
FEWEST: Final = 20  # tries: five by each office's account, and a dozen with a colleague
NEW_DOCTOR_SECONDS: Final = 600.0


@dataclass
class Trial:
    """What was tried, what passed, what left no row."""

    stage: Stage
    offices: Offices
    passed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    tried: int = 0

    def attempt(self, name: str, said: str, *codes: str, before: int) -> None:
        """One try: it must be refused with one of these codes, and stand in the trail."""
        self.tried += 1
        if said not in codes:
            self.passed.append(f"{name} ({said})")
        elif not self._row(before, codes):
            self.silent.append(f"{name} ({said})")

    def last(self) -> int:
        """The newest line of the trail (the judge's look)."""
        with self.stage.judge() as judge:
            row = judge.execute("SELECT coalesce(max(id), 0) AS n FROM audit.entry").fetchone()
        return int(row["n"]) if row else 0

    def _row(self, before: int, codes: tuple[str, ...]) -> bool:
        with self.stage.judge() as judge:
            return bool(
                judge.execute(
                    "SELECT 1 FROM audit.entry WHERE id > %s AND kind = 'refuse' AND reason = ANY (%s)",
                    (before, list(codes)),
                ).fetchone()
            )


def play(stage: Stage) -> Outcome:
    """Every office for itself, then two together, then the charts; then a new doctor, by the book."""
    outcome = Outcome(NUMBER)
    offices = Offices(stage)
    trial = Trial(stage, offices)
    loot = stage.loot()
    patients = _patients(stage)
    for account in offices.all:
        _for_himself(trial, account)
    _for_each_other(trial)
    _alone_as_two(trial)
    _half_a_code(trial)
    outcome.check("personne ne se donne de droit de soin", not trial.passed, "; ".join(trial.passed[:5]))
    outcome.recorded = outcome.check(
        "chaque tentative est dans la trace",
        trial.tried >= FEWEST and not trial.silent,
        f"{trial.tried} tentatives, sans ligne : {'; '.join(trial.silent[:5])}",
    )
    _alarm(trial, outcome)
    _delayed(trial, outcome)
    opened = [path for account in offices.all for path in _open(stage, account, patients, loot)]
    outcome.check("témoin : les dossiers d'un collègue sont connus", len(patients) > 0, f"{len(patients)}")
    outcome.check("aucun de ces comptes n'ouvre de dossier ni de liste", not opened, "; ".join(opened[:5]))
    outcome.r = loot.r
    _new_doctor(trial, outcome)
    return outcome


def _patients(stage: Stage) -> list[str]:
    """Ids that he may have from a colleague's screen."""
    nurse = next(one for one in stage.accounts if one.profession == "nurse" and one.units)
    with stage.sign_in(nurse) as visitor:
        return patients_in(visitor.get(f"/unite/{nurse.units[0]}/").text)[:PATIENTS]


def _for_himself(trial: Trial, account: Account) -> None:
    """A care profession, a unit, his own name under another account; asked from his own session."""
    offices = trial.offices
    own, unit = str(offices.id_of(account)), offices.unit
    with trial.stage.sign_in(account) as visitor:
        for profession in ("physician", "nurse", "admission_clerk"):
            before = trial.last()
            said = offices.ask(visitor, own, "profession", profession=profession, unit=unit)
            trial.attempt(f"{account.username} se donne {profession}", said, "concerns_you", "category_closed",
                          before=before)  # fmt: skip
        before = trial.last()
        said = offices.ask(visitor, own, "responsabilite", duty="cadre", unit=unit)
        trial.attempt(f"{account.username} se nomme cadre", said, "concerns_you", "category_closed", before=before)
        before = trial.last()
        given, family = offices.name_of(account)
        said = offices.create(visitor, family=family, given=given, profession="physician", unit=unit)
        trial.attempt(f"{account.username} se crée un second compte", said, "concerns_you", "category_closed",
                      before=before)  # fmt: skip


def _for_each_other(trial: Trial) -> None:
    """Two administrators help one another: one asks for the other, the other for the first."""
    offices = trial.offices
    first, second = offices.administrators[:2]
    for asker, other in ((first, second), (second, first)):
        before = trial.last()
        with trial.stage.sign_in(asker) as visitor:
            said = offices.ask(visitor, str(offices.id_of(other)), "profession", profession="nurse", unit=offices.unit)
        name = f"{asker.username} fait de {other.username} un infirmier"
        trial.attempt(name, said, "office_and_care", "not_your_site", before=before)
    nurse = next(one for one in trial.stage.accounts if one.profession == "nurse")
    before = trial.last()
    with trial.stage.sign_in(first) as visitor:
        said = offices.ask(visitor, str(offices.id_of(nurse)), "profession", profession="administrator")
    trial.attempt("un infirmier devient administrateur", said, "office_and_care", before=before)
    before = trial.last()
    with trial.stage.sign_in(first) as visitor:
        said = offices.create(visitor, family="Essai", given=uuid4().hex[:8], profession="rssi", unit=offices.unit)
    trial.attempt("un RSSI créé dans une unité de soins", said, "office_and_care", before=before)
    before = trial.last()
    with trial.stage.sign_in(nurse) as visitor:
        said = offices.create(visitor, family="Essai", given="Nurse", profession="physician", unit=offices.unit)
    trial.attempt("un infirmier crée un médecin", said, "category_closed", before=before)


def _alone_as_two(trial: Trial) -> None:
    """One administrator asks for a physician of his own making, and gives the second yes himself in every way."""
    offices = trial.offices
    first, second = offices.administrators[:2]
    with trial.stage.sign_in(first) as visitor:
        act = offices.created(visitor, family="Complice", given=uuid4().hex[:8], profession="physician")
        before = trial.last()
        offices.yes(visitor, act, first)
        trial.attempt("le même oui, même session", offices.yes(visitor, act, first)[0], "same_person", before=before)
        with trial.stage.sign_in(first) as elsewhere:
            before = trial.last()
            trial.attempt(
                "le même, d'un autre poste", offices.yes(elsewhere, act, first)[0], "same_person", before=before
            )
        with trial.stage.sign_in(second) as other:
            before = trial.last()
            said = offices.yes(other, act, first)[0]
            trial.attempt("sa clé dans la session d'un autre", said, "not_your_key", before=before)
        with offices.on_the_same_station(second, visitor) as beside:
            before = trial.last()
            trial.attempt(
                "un collègue au même poste", offices.yes(beside, act, second)[0], "same_station", before=before
            )
        offices.refuse(visitor, act)
        with trial.stage.sign_in(second) as late:
            before = trial.last()
            trial.attempt("un acte retiré", offices.yes(late, act, second)[0], "act_ended", before=before)


def _half_a_code(trial: Trial) -> None:
    """A proposer keeps his half, and guesses the other: he would pose his own key on the new doctor's account."""
    offices = trial.offices
    first, second = offices.administrators[:2]
    with trial.stage.sign_in(first) as one, trial.stage.sign_in(second) as two:
        act = offices.created(one, family="Victime", given=uuid4().hex[:8], profession="physician")
        mine = half_of(offices.yes(one, act, first))
        theirs = half_of(offices.yes(two, act, second))
    before = trial.last()
    said = [offices.key_challenge(mine, guess) for guess in ("0000-0000", mine, "ZZZZ-ZZZZ", "1111-1111", "AAAA-AAAA")]
    trial.attempt("une moitié de code et un hasard", next((s for s in said if s != "bad_code"), "bad_code"), "bad_code",
                  before=before)  # fmt: skip
    trial.attempt(
        "la vraie moitié, après cinq essais", offices.key_challenge(mine, theirs), "code_ended", before=before
    )


def _alarm(trial: Trial, outcome: Outcome) -> None:
    """How soon the RSSI's own page shows a try."""
    offices = trial.offices
    rssi = offices.of("rssi")
    with trial.stage.sign_in(rssi) as watch, trial.stage.sign_in(offices.administrators[0]) as visitor:
        with trial.stage.judge() as judge:
            judge.execute(
                "UPDATE accounts.notice SET read_at = clock_timestamp() WHERE account = %s", (offices.id_of(rssi),)
            )
        clock = Stopwatch()
        offices.ask(visitor, str(offices.id_of(offices.administrators[1])), "profession", profession="nurse")
        shown = watch.get("/notifications/").text
        outcome.t = clock.read()
        row = watch.get("/surveillance/?kind=refuse").text
    seen = "droit de soin" in shown and "voulant une profession de soin" in row
    outcome.check("le RSSI voit l'alarme et la ligne en 1 s", seen and outcome.t <= ALARM_SECONDS, f"{outcome.t:.2f} s")


def _delayed(trial: Trial, outcome: Outcome) -> None:
    """Two who agree make a DPO: it begins in a day, others are told, and a third takes it back."""
    offices = trial.offices
    first, second, third = offices.administrators[:3]
    name = uuid4().hex[:8]
    with trial.stage.sign_in(first) as one, trial.stage.sign_in(second) as two:
        act = offices.created(one, family="Complaisant", given=name, profession="dpo")
        mine = half_of(offices.yes(one, act, first))
        theirs = half_of(offices.yes(two, act, second))
    made = offices.pose_key(mine, theirs)
    entered = True
    try:
        trial.stage.sign_in(Account(made, "dpo", ())).close()
    except SignInFailed:
        entered = False
    outcome.check("un DPO créé à deux n'entre pas avant 24 heures", not entered)
    with trial.stage.sign_in(third) as visitor:
        told = name in visitor.get("/notifications/").text
        account = _account(trial.stage, made)
        act = offices.asked(visitor, str(account), "annuler")
        said = offices.yes(visitor, act, third)[0] if act else "refused"
    outcome.check("un autre administrateur en est averti et l'annule seul", told and said == "ok", f"{told} {said}")


def _account(stage: Stage, username: str) -> UUID:
    with stage.judge() as judge:
        row = judge.execute("SELECT id FROM accounts.account WHERE username = %s", (username,)).fetchone()
    return UUID(str(row["id"])) if row else UUID(int=0)


def _open(stage: Stage, account: Account, patients: list[str], loot: Any) -> list[str]:
    """Charts, lists and searches from an office's own session; what opened."""
    unit = next(one.units[0] for one in stage.accounts if one.units)
    opened = []
    with stage.sign_in(account) as visitor:
        for path in (f"/unite/{unit}/", *(f"/dossier/{one}/" for one in patients)):
            answer = visitor.get(path, {"Sec-Fetch-Site": "none"})
            loot.take(answer.text)
            if answer.status == 200:
                opened.append(f"{account.username} {path}")
        visitor.post("/poste/prendre/", {"unit": unit})
        answer = visitor.get(f"/unite/{unit}/", {"Sec-Fetch-Site": "none"})
        loot.take(answer.text)
        if answer.status == 200:
            opened.append(f"{account.username} en poste")
    return opened


def _new_doctor(trial: Trial, outcome: Outcome) -> None:
    """The probe: a doctor arrives, two sign, she poses her key and reads her unit's list."""
    offices = trial.offices
    first, second = offices.administrators[:2]
    clock = Stopwatch()
    with trial.stage.sign_in(first) as one, trial.stage.sign_in(second) as two:
        act = offices.created(one, family="Arrivante", given=uuid4().hex[:8], profession="physician")
        mine, theirs = half_of(offices.yes(one, act, first)), half_of(offices.yes(two, act, second))
    username = offices.pose_key(mine, theirs)
    with trial.stage.sign_in(Account(username, "physician", (offices.unit,))) as doctor:
        found = patients_in(doctor.get(f"/unite/{offices.unit}/").text)
        opened = bool(found) and doctor.get(f"/dossier/{found[0]}/").status == 200
    seconds = clock.read()
    outcome.check(
        "fausse alerte : un nouveau médecin travaille dans son unité en moins de dix minutes",
        opened and seconds <= NEW_DOCTOR_SECONDS, f"{seconds:.1f} s, {len(found)} patients",
    )  # fmt: skip
    outcome.note(f"nouveau médecin : {seconds:.1f} s de machine, deux signatures, une clé posée")
