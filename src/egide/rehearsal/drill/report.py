"""What is printed: a table for a person, and one plain line an attack, beginning with its number, for the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from egide.rehearsal.drill.table import ATTACKS, Attack, Outcome, Verdict

_COLOURS = {Verdict.PASS: "green", Verdict.MISS: "bold red", Verdict.ABSENT: "dim"}


def verdict(outcome: Outcome | None) -> Verdict:
    """The verdict of one line."""
    return outcome.verdict if outcome else Verdict.ABSENT


def misses(outcomes: Mapping[int, Outcome]) -> list[int]:
    """Numbers of the attacks that were not survived."""
    return [number for number, outcome in outcomes.items() if outcome.verdict is Verdict.MISS]


def as_json(outcomes: Mapping[int, Outcome], numbers: Iterable[int]) -> str:
    """Everything, for a machine."""
    return json.dumps([_fields(attack, outcomes.get(attack.number)) for attack in _chosen(numbers)], ensure_ascii=False)


def print_report(outcomes: Mapping[int, Outcome], numbers: Iterable[int], console: Console) -> None:
    """The table (on a terminal), the plain lines, then what did not hold."""
    chosen = _chosen(numbers)
    if console.is_terminal:
        console.print(_table(outcomes, chosen))
    for attack in chosen:
        console.print(line(attack, outcomes.get(attack.number)), markup=False, highlight=False, soft_wrap=True)
    for outcome in outcomes.values():
        for check in outcome.failed:
            detail = f" ({check.detail})" if check.detail else ""
            text = f"   attaque {outcome.number}, non tenu : {check.name}{detail}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        for note in outcome.notes:
            console.print(f"   attaque {outcome.number} : {note}", markup=False, highlight=False, soft_wrap=True)


def line(attack: Attack, outcome: Outcome | None) -> str:
    """One attack in one line, its number first."""
    word = verdict(outcome)
    if outcome is None:
        return f"{attack.number:<2} {word:<6} {attack.title} | {attack.missing or 'non demandée'}"
    if outcome.no_wall:
        return f"{attack.number:<2} {word:<6} {attack.title} | {outcome.no_wall}"
    taken = f"R={outcome.r} (cible {attack.target_r})"
    delay = f"T={_seconds(outcome)} (cible {attack.target_t})"
    return (
        f"{attack.number:<2} {word:<6} {attack.title} | contrôle : {attack.control} | {taken} | {delay}"
        f" | inscrit : {_recorded(outcome)} | {_held(outcome)}"
    )


def _table(outcomes: Mapping[int, Outcome], chosen: Iterable[Attack]) -> Table:
    table = Table(title="Le voleur", title_justify="left", header_style="bold")
    for heading in ("N°", "Attaque", "Contrôle", "R", "T", "Verdict", "Inscrit", "Vérifié"):
        table.add_column(heading)
    for attack in chosen:
        outcome = outcomes.get(attack.number)
        word = verdict(outcome)
        style = _COLOURS[word]
        if outcome is None:
            table.add_row(
                str(attack.number), attack.title, attack.missing or "non demandée", "", "", word, "", "", style=style
            )
            continue
        table.add_row(
            str(attack.number), attack.title, attack.control, f"{outcome.r} / {attack.target_r}",
            f"{_seconds(outcome)} / {attack.target_t}", f"[{style}]{word}[/]", _recorded(outcome), _held(outcome),
        )  # fmt: skip
    return table


def _chosen(numbers: Iterable[int]) -> list[Attack]:
    wanted = set(numbers)
    return [attack for attack in ATTACKS if not wanted or attack.number in wanted]


def _seconds(outcome: Outcome) -> str:
    if outcome.t_waits:
        return f"pas encore : {outcome.t_waits}"
    return "—" if outcome.t is None else f"{outcome.t:.2f} s"


def _recorded(outcome: Outcome) -> str:
    return {True: "oui", False: "non", None: "sans objet"}[outcome.recorded]


def _held(outcome: Outcome) -> str:
    return f"{len(outcome.checks) - len(outcome.failed)}/{len(outcome.checks)} vérifications, {outcome.seconds:.1f} s"


def _fields(attack: Attack, outcome: Outcome | None) -> dict[str, Any]:
    base: dict[str, Any] = {"number": attack.number, "title": attack.title, "control": attack.control}
    base |= {"target_r": attack.target_r, "target_t": attack.target_t, "verdict": verdict(outcome)}
    if outcome is None:
        return base | {"missing": attack.missing}
    return base | {
        "r": outcome.r,
        "t": outcome.t,
        "t_waits": outcome.t_waits,
        "no_wall": outcome.no_wall,
        "recorded": outcome.recorded,
        "checks": [{"name": one.name, "held": one.held, "detail": one.detail} for one in outcome.checks],
        "notes": outcome.notes,
        "seconds": round(outcome.seconds, 2),
    }
