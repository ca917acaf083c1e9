"""Attack 14: the database is stolen, as a dump and as the very files of the data folder, with the logs beside it.

Excluded, and said: the keeper's folder, the roles' secrets and the demo's keys (not in the database), and the program.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from egide.kernel.home import DATABASE, SUPERUSER
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.sieve import Hit, Sieve
from egide.rehearsal.drill.stage import Stage, session_of
from egide.rehearsal.drill.table import Outcome

NUMBER: Final = 14
CHUNK: Final = 32 * 1024 * 1024
OVERLAP: Final = 4096
STOLEN_BYTES: Final = 1_000_000  # less is no base with people in it
# What a thief of the database does not have, or what is no data.
NOT_STOLEN: Final = ("keeper", "secrets", "demo-keys", "venv", "venv-dev")


def play(stage: Stage) -> Outcome:
    """Plant, dump, copy, search."""
    outcome = Outcome(NUMBER)
    planted = _plant(stage, outcome)
    sieve = Sieve(stage.truth, planted)
    _control(sieve, planted, outcome)
    with stage.judge() as judge:
        judge.execute("CHECKPOINT")
    found: list[tuple[str, Hit]] = []
    read = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="egide-drill-") as folder:
        dump = Path(folder) / "dump.sql"
        if outcome.check("le superutilisateur obtient un dump", _dump(stage, dump), "pg_dump a échoué"):
            found += [("dump", hit) for hit in _search(sieve, dump)]
            read["dump"] = dump.stat().st_size
    for path in _files(stage):
        place = path.relative_to(stage.home.root).parts[0]
        found += [(place, hit) for hit in _search(sieve, path)]
        read[place] += path.stat().st_size if path.exists() else 0
    outcome.check("témoin : le dump et le dossier de données ont été lus", min(read["dump"], read["pg"]) > STOLEN_BYTES)
    strings = [(place, hit) for place, hit in found if hit.person is None]
    persons = {hit.person for _, hit in found if hit.person is not None}
    outcome.r = len(persons)
    outcome.check("aucune chaîne plantée n'est retrouvée", not strings, _said(strings))
    outcome.check("aucun nom, téléphone, adresse électronique, INS ni numéro n'est retrouvé", not persons, _said(found))
    sizes = ", ".join(f"{place} {size / 1e6:.0f} Mo" for place, size in sorted(read.items()))
    outcome.note(f"fouillé : {sizes} ; en UTF-8, UTF-16, hexadécimal et base64")
    _reidentified(stage, outcome)
    return outcome


# ── what is planted ─────────────────────────────────────────────────────────────────────────────────────────────────


def _plant(stage: Stage, outcome: Outcome) -> tuple[str, ...]:
    """Comments written by a nurse through the page, in a sealed column: one plain, one with accents and quotes."""
    account = stage.pair()[0]
    mark = secrets.token_hex(6)
    planted = (f"Phrase plantée {mark} près du lit", f"planted-{mark}-by-the-thief", f"05 99 {mark} 'guillemet' é")
    with stage.sign_in(account) as visitor:
        patient = patients_in(visitor.get(f"/unite/{account.units[0]}/").text)[0]
        for number, text in enumerate(planted):
            answer = visitor.post(f"/dossier/{patient}/constantes/", {"pulse": str(70 + number), "comment": text})
            outcome.check("la phrase plantée est enregistrée", answer.status in (200, 302), str(answer.status))
        shown = visitor.get(f"/dossier/{patient}/").text
        outcome.check("témoin : la page du soignant montre la phrase", planted[1] in shown)
        acts = stage.trail(session_of(visitor), "act")
    outcome.check("chaque écriture est dans la trace", len(acts) == len(planted) and _are_of(acts, patient))
    return planted


def _are_of(acts: list[dict[str, object]], patient: str) -> bool:
    return all(act["ids"] == [UUID(patient)] for act in acts)


def _control(sieve: Sieve, planted: tuple[str, ...], outcome: Outcome) -> None:
    """The sieve must see: the same strings and one person, put in every encoding into noise, are all found."""
    sample = sieve.example()
    for name, encoded in Sieve.disguises(f"{sample} ; {planted[0]} ; {planted[1]}"):
        hits = sieve.search(os.urandom(500) + encoded + os.urandom(500))
        seen = any(hit.person is not None for hit in hits) and any(hit.person is None for hit in hits)
        outcome.check(f"témoin : la fouille voit en {name}", seen)


# ── what is stolen ──────────────────────────────────────────────────────────────────────────────────────────────────


def _dump(stage: Stage, into: Path) -> bool:
    command = [str(stage.pg_dump), "--host", str(stage.home.socket_dir), "--username", SUPERUSER, "--no-password"]
    command += ["--file", str(into), DATABASE]
    environment = {"PGPASSFILE": str(stage.home.pgpass("super")), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def _files(stage: Stage) -> Iterator[Path]:
    """Every file of the home but what the thief of a database does not have."""
    for folder, folders, files in os.walk(stage.home.root):
        here = Path(folder)
        if here == stage.home.root:
            folders[:] = sorted(one for one in folders if one not in NOT_STOLEN)
        for name in sorted(files):
            path = here / name
            if path.is_file() and not path.is_symlink():
                yield path


def _search(sieve: Sieve, path: Path) -> set[Hit]:
    """The file in slices that overlap, so that nothing hides across a border."""
    found: set[Hit] = set()
    try:
        with path.open("rb") as file:
            tail = b""
            while block := file.read(CHUNK):
                found |= sieve.search(tail + block)
                tail = block[-OVERLAP:]
    except FileNotFoundError:
        pass  # PostgreSQL recycles its files while they are copied
    return found


def _said(found: list[tuple[str, Hit]]) -> str:
    """Where and what kind, never the value."""
    counted = Counter(f"{hit.kind} ({place})" for place, hit in found)
    return ", ".join(f"{count} × {name}" for name, count in counted.most_common(5))


# ── what the clear part tells ───────────────────────────────────────────────────────────────────────────────────────


def _reidentified(stage: Stage, outcome: Outcome) -> None:
    """How many patients stand alone on the two days of one of their stays. Sex is sealed here: dates alone."""
    with stage.judge() as judge:
        rows = judge.execute(
            "SELECT patient_id, admitted_at::date AS began, discharged_at::date AS ended FROM stays_stay"
            " WHERE discharged_at IS NOT NULL"
        ).fetchall()
        total = judge.execute("SELECT count(*) AS n FROM identity_patient").fetchone()
    persons: dict[tuple[date, date], set[UUID]] = {}
    for row in rows:
        persons.setdefault((row["began"], row["ended"]), set()).add(row["patient_id"])
    alone = {next(iter(found)) for found in persons.values() if len(found) == 1}
    known = {row["patient_id"] for row in rows}
    everyone = total["n"] if total else 0
    if known:
        outcome.note(
            f"ré-identifiables par les deux dates d'un séjour clos, seules (le sexe est scellé ici) : {len(alone)} sur"
            f" {len(known)} patients qui en ont un ({100 * len(alone) / len(known):.0f} %), {everyone} en tout ;"
            " sur une petite base presque chacun l'est"
        )
