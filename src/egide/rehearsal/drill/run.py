"""Plays the attacks that have a script, and tells all thirty."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from egide.rehearsal.drill import (
    account_recovery,
    copied_session,
    database_theft,
    forged_approval,
    framed_colleague,
    glass_abuse,
    id_walking,
    mass_printing,
    oracles,
    password_only,
    quiet_traces,
    races,
    relayed_factor,
    search_scraping,
    self_made_clinician,
    sql_injection,
    station_left_open,
    ungoverned_routes,
    web_takeover,
)
from egide.rehearsal.drill.stage import Stage
from egide.rehearsal.drill.table import ATTACKS, Outcome, Stopwatch

SCRIPTS: Final[dict[int, Callable[[Stage], Outcome]]] = {
    password_only.NUMBER: password_only.play,
    copied_session.NUMBER: copied_session.play,
    relayed_factor.NUMBER: relayed_factor.play,
    search_scraping.NUMBER: search_scraping.play,
    id_walking.NUMBER: id_walking.play,
    mass_printing.NUMBER: mass_printing.play,
    glass_abuse.NUMBER: glass_abuse.play,
    self_made_clinician.NUMBER: self_made_clinician.play,
    database_theft.NUMBER: database_theft.play,
    sql_injection.NUMBER: sql_injection.play,
    quiet_traces.NUMBER: quiet_traces.play,
    account_recovery.NUMBER: account_recovery.play,
    web_takeover.NUMBER: web_takeover.play,
    forged_approval.NUMBER: forged_approval.play,
    races.NUMBER: races.play,
    framed_colleague.NUMBER: framed_colleague.play,
    station_left_open.NUMBER: station_left_open.play,
    ungoverned_routes.NUMBER: ungoverned_routes.play,
    oracles.NUMBER: oracles.play,
}


def play(stage: Stage, only: Iterable[int] = (), told: Callable[[int], None] = lambda _: None) -> dict[int, Outcome]:
    """Outcome by number, of the attacks asked for that have a script. `told` hears each number before it is played."""
    wanted = set(only) or {attack.number for attack in ATTACKS}
    found: dict[int, Outcome] = {}
    for number, script in SCRIPTS.items():
        if number in wanted:
            told(number)
            watch = Stopwatch()
            found[number] = script(stage)
            found[number].seconds = watch.read()
    return found
