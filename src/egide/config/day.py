"""« Ma journée »: what waits for me, in order of harm, then my patients; by profession. One opening, one pipeline."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from egide.accounts.rules import may_administer, may_ask
from egide.config.menu import receives
from egide.config.panels import WardLine, bed_order, ward_line
from egide.directory.reads import units
from egide.gate.mine import Waiting, opens_mine, waiting
from egide.gate.reading import Read, fetch, fetch_with, together
from egide.gate.rules import (
    CLINICAL_WRITERS,
    may_find_present,
    may_oversee,
    may_search,
    works_by_list,
)
from egide.gate.staff import AccountsWaiting, accounts_waiting
from egide.gate.team import Notice, my_notices
from egide.gate.work import MOST, Task, my_work
from egide.identity.reads import identities
from egide.kernel.capabilities import Actor, Roster
from egide.record import reads as record
from egide.stays import reads as stays
from egide.ui import Place, page
from egide.ui.text import _, _n

# A round of vital signs every eight hours; older than that, the line comes first for whoever takes them.
VITALS_DUE = timedelta(hours=8)
TAKE_VITALS = frozenset({"nurse", "care_assistant", "student"})
READS = ("identity", "stay", "clinical")


@dataclass(frozen=True, slots=True)
class DayLine:
    """One of my patients: the ward's line, the unit, and whether her vital signs are due."""

    ward: WardLine
    unit: str
    due: bool


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that waits for me: how many, in words, where, and whether it is late."""

    words: str
    url: str
    icon: str
    late: bool = False


@require_GET
@opens_mine(read=READS, purpose="my_day")
def day(request: HttpRequest, roster: Roster) -> HttpResponse:
    """My day; a rescue session's begins at the beds."""
    if roster.actor.grade == "rescue":
        return HttpResponseRedirect(reverse("rescue-beds"))
    lines: list[DayLine] = []
    watches = roster.actor.profession in TAKE_VITALS
    told = _told(roster.actor)
    if roster.ids:
        who, where, last, problems, (notices, tasks), mine, accounts = fetch(
            roster,
            identities(roster),
            stays.present_in(roster, roster.actor.units),
            record.last_values(roster),
            record.problem_labels(roster),
            told,
            waiting(),
            accounts_waiting(),
        )
        lines = _lines(
            roster,
            [
                (ward_line(one, where.get(one.id), problems.get(one.id, []), last.get(one.id, {})), where.get(one.id))
                for one in who.values()
            ],
        )
    else:
        (notices, tasks), mine, accounts = fetch_with(roster.ticket, told, waiting(), accounts_waiting())
    return page(
        request,
        "stays/day.html",
        today=timezone.localdate(),
        due=[
            *_due(roster.actor, notices, mine),
            *_work_due(tasks),
            *_accounts_due(accounts),
        ],
        patients=lines,
        several=len({line.unit for line in lines}) > 1,
        watches=watches,
        late=sum(line.due for line in lines),
        can_write=roster.may_read("clinical") and roster.actor.profession in CLINICAL_WRITERS,
        places=places(roster.actor),
        truncated=roster.truncated,
    )


def _told(actor: Actor) -> Read[tuple[list[Notice], list[Task]]]:
    """My notices, and what waits on my lists if I work by one; one statement."""
    notices = my_notices()
    if receives(actor) or works_by_list(actor.profession):
        return together(notices, my_work())
    return Read(notices.sql, notices.params, lambda rows: (notices.decode(rows), []))


def _lines(roster: Roster, found: list[tuple[WardLine, stays.StayPlace | None]]) -> list[DayLine]:
    """Due ones first for whoever takes vital signs (the longest ago on top), then by unit and bed."""
    watched = roster.actor.profession in TAKE_VITALS and roster.may_read("clinical")
    before = timezone.now() - VITALS_DUE
    known = units()
    lines = []
    for line, place in found:
        name = known[place.unit_id].name if place and place.unit_id in known else ""
        lines.append(DayLine(line, name, watched and (line.last_at is None or line.last_at < before)))
    never = before - timedelta(days=3650)
    return sorted(
        lines,
        key=lambda one: (
            not one.due,
            (one.ward.last_at or never) if one.due else never,
            one.unit,
            one.ward.bed is None,
            bed_order(one.ward.bed),
            one.ward.birth_name,
        ),
    )


def _due(actor: Actor, notices: list[Notice], mine: Waiting) -> list[Due]:
    """In order of harm: break-glasses, advice, the team, drawn openings."""
    counts = {
        "break_glass": sum(one.kind == "break_glass" and one.reviewed is None for one in notices),
        "advice": sum(one.kind == "advice" and not one.read for one in notices),
        "join_team": sum(one.kind == "join_team" and not one.read for one in notices),
    }
    here = reverse("notices")
    n = counts["break_glass"]
    found = [
        (n, _n("%(count)d accès d'urgence à relire", "%(count)d accès d'urgence à relire", n), here, "alert", True)
    ]
    n = mine.reviews_waiting
    found.append(
        (
            n,
            _n("%(count)d accès d'urgence sans relecture", "%(count)d accès d'urgence sans relecture", n),
            reverse("oversight-reviews") if may_oversee(actor.profession, "reviews") else here,
            "alert",
            mine.reviews_late > 0,
        )
    )
    n = counts["advice"]
    found.append((n, _n("%(count)d avis demandé", "%(count)d avis demandés", n), here, "note", False))
    n = counts["join_team"]
    found.append(
        (n, _n("%(count)d demande à rejoindre l'équipe", "%(count)d demandes à rejoindre l'équipe", n), here, "user",
         False)
    )  # fmt: skip
    n = mine.drawn
    found.append(
        (n, _n("%(count)d ouverture tirée au sort à relire", "%(count)d ouvertures tirées au sort à relire", n),
         reverse("drawn"), "eye", False)
    )  # fmt: skip
    n = mine.to_explain
    found.append(
        (n, _n("%(count)d ouverture à éclaircir", "%(count)d ouvertures à éclaircir", n), reverse("oversight-draws"),
         "eye", False)
    )  # fmt: skip
    return [Due(words % {"count": count}, url, icon, late) for count, words, url, icon, late in found if count]


def _work_due(tasks: list[Task]) -> list[Due]:
    """Examinations to make, and lines that events put on my list; how many are late. Past 200: said, not counted."""
    found = []
    if len(tasks) > MOST:
        asks = any(one.object is not None for one in tasks)
        words = _("Plus de 200 examens à faire") if asks else _("Plus de 200 lignes de travail")
        url, icon = (reverse("examinations-work"), "flask") if asks else (reverse("work"), "check")
        return [Due(words, url, icon, any(one.late for one in tasks))]
    asked = [one for one in tasks if one.object is not None]
    urgent = sum(one.urgent for one in asked)
    if asked:
        n = len(asked)
        words = _n("%(count)d examen à faire", "%(count)d examens à faire", n) % {"count": n}
        if urgent:
            words += _n(", dont %(count)d urgent", ", dont %(count)d urgents", urgent) % {"count": urgent}
        found.append(Due(words, reverse("examinations-work"), "flask", any(one.late for one in asked)))
    fed = [one for one in tasks if one.object is None]
    if fed:
        n = len(fed)
        words = _n("%(count)d ligne de travail", "%(count)d lignes de travail", n) % {"count": n}
        found.append(Due(words, reverse("work"), "check", any(one.late for one in fed)))
    return found


def _accounts_due(accounts: AccountsWaiting) -> list[Due]:
    """Acts that wait for my yes, what I am told of accounts, and the people I answer for."""
    n, unread = accounts.to_approve, accounts.unread
    found = [
        (n, _n("%(count)d acte à approuver", "%(count)d actes à approuver", n), "approvals", "check"),
        (unread, _n("%(count)d nouvelle d'un compte", "%(count)d nouvelles de comptes", unread), "notices", "key"),
    ]
    due = [Due(words % {"count": count}, reverse(name), icon) for count, words, name, icon in found if count]
    return [*due, *([Due(_("Mes équipes et leurs clés"), reverse("staff"), "user")] if accounts.answers_for else [])]


def places(actor: Actor) -> list[Place]:
    """What this profession finds, and where; a rescue session, only what it can do."""
    if actor.grade == "rescue":
        return [
            Place(_("Mes patients, par lit"), reverse("rescue-beds"), "unit"),
            *([Place(_("Chercher une personne"), reverse("search"), "search")] if may_search(actor.profession) else []),
            Place(_("Notifications"), reverse("notices"), "note"),
            Place(_("Sessions de secours"), reverse("rescues"), "key"),
            Place(_("Mes sessions"), reverse("sessions"), "sessions"),
            Place(_("Aide"), reverse("help"), "help"),
        ]
    found = _work_places(actor)
    if may_search(actor.profession):
        found.append(Place(_("Chercher une personne"), reverse("search"), "search"))
    if may_find_present(actor.profession):
        found.append(Place(_("Présents du site"), reverse("present"), "search"))
    if may_oversee(actor.profession, "trail"):
        found += [
            Place(_("Trace des accès"), reverse("oversight"), "eye"),
            Place(_("Activité des dernières 24 heures"), reverse("oversight-activity"), "pulse"),
        ]
    if may_oversee(actor.profession, "reviews"):
        found.append(Place(_("Accès d'urgence à relire"), reverse("oversight-reviews"), "alert"))
    if may_oversee(actor.profession, "draw"):
        found.append(Place(_("Tirage mensuel"), reverse("oversight-draws"), "check"))
    if not may_oversee(actor.profession, "trail"):
        found.append(Place(_("Prendre mon poste en…"), reverse("shift"), "clock"))
    if may_ask(actor.profession, "plan_blanc"):
        found.append(Place(_("Plan blanc"), reverse("plan"), "alert"))
    if may_ask(actor.profession, "commission"):
        found.append(Place(_("Commissions"), reverse("mandates"), "check"))
    if may_administer(actor.profession):
        found.append(Place(_("Personnel"), reverse("staff"), "user"))
    found += [
        Place(_("À approuver"), reverse("approvals"), "check"),
        Place(_("Notifications"), reverse("notices"), "note"),
        Place(_("Mes sessions"), reverse("sessions"), "sessions"),
        Place(_("Aide"), reverse("help"), "help"),
    ]
    return found


def _work_places(actor: Actor) -> list[Place]:
    """My units, their appointments, my lists."""
    known = units()
    found = [
        Place(known[unit].name, reverse("unit", kwargs={"unit": unit}), "unit")
        for unit in actor.units
        if unit in known and known[unit].kind != "platform"
    ]
    found += [
        Place(
            _("Rendez-vous, %(unit)s") % {"unit": known[unit].name}, reverse("agenda", kwargs={"unit": unit}), "clock"
        )
        for unit in actor.units
        if unit in known and known[unit].kind == "consultation"
    ]
    if works_by_list(actor.profession):
        found.append(Place(_("Liste de travail"), reverse("work"), "check"))
    if receives(actor):
        found.append(Place(_("Examens à faire"), reverse("examinations-work"), "flask"))
    return found
