"""Acts of one and of two persons: those that wait for me, one act in words, and each yes or no."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.rules import OFFICES
from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data, typed_json
from egide.config.staff_forms import DUTIES, WHY, ActForm
from egide.directory.reads import person_named, unit_name, units
from egide.gate import staff
from egide.gate.commissions import COMMISSIONS
from egide.gate.demo_keys import keys_of
from egide.gate.plan import forget_plans
from egide.gate.reading import fetch_with
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Refused
from egide.ui import page
from egide.ui.answers import refused_json
from egide.ui.formats import day
from egide.ui.text import _, _lazy
from egide.ui.words import word

OF_STATIONS = frozenset({"enrol_station", "end_station"})  # about a machine, not a person

# What follows from it, said before anybody signs.
FOLLOWS = {
    "end_person": _lazy(
        "Toutes ses sessions se ferment, ses clés ne valent plus rien, ses professions et unités prennent "
        "fin."
    ),
    "suspend": _lazy(
        "Ses sessions se ferment à l'instant ; personne n'entre avec ce compte avant que deux personnes le "
        "rétablissent."
    ),
    "lose_key": _lazy(
        "Toutes ses clés et ses sessions meurent à l'instant. Elle n'entre plus avant qu'une clé lui soit "
        "remise."
    ),
    "hand_key": _lazy(
        "Chacun de vous deux reçoit une moitié du code. La personne les réunit devant vous et pose sa clé, "
        "dans les 30 minutes."
    ),
    "enrol_station": _lazy(
        "Sur ce poste, toucher sa clé rouvre une session pendant douze heures. L'écran s'y verrouille après trois "
        "minutes."
    ),
    "end_station": _lazy("Toutes les sessions de ce poste se ferment à l'instant."),
    "create_person": _lazy("La personne travaille dans ses unités dès qu'elle a posé sa clé."),
    "plan_blanc": _lazy(
        "Pendant 12 heures, sur ce site, l'accès d'urgence n'est plus limité en nombre. Chacun reste motivé, inscrit "
        "et relu ; le DPO et le RSSI sont prévenus."
    ),
    "commission": _lazy(
        "Son porteur ouvre, un à un, des patients du site : dix par jour au plus, sept jours chacun. Leurs médecins en "
        "sont prévenus."
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """An act as people read it: title, whom or which site it concerns, lines (what, value), consequences."""

    title: str
    about: str
    lines: list[tuple[str, str]]
    follows: str
    waits: bool


def in_words(act: staff.Act) -> Words:
    """The exact act, every part of its text that means something. One statement for the name."""
    body = act.body
    about = body.get("account") if act.kind not in OF_STATIONS else None
    known = person_named(UUID(about)) if about else None
    named_here = "account" in body  # of an act about a site, the site is said in its head
    named = body.get("name") or " ".join(
        part for part in (body.get("title"), body.get("given"), body.get("family")) if part
    )
    lines: list[tuple[str, str]] = []
    for name, label, shown in _PARTS:
        if body.get(name) and (named_here or name != "site"):
            lines.append((str(label), shown(body[name])))
    waits = body.get("profession") in OFFICES or body.get("duty") == "guard"
    return Words(
        word(act.kind, "act"), known.name if known else named or _site(body.get("site", "")), lines,
        str(FOLLOWS.get(act.kind, "")), waits and act.kind in {"create_person", "grant", "appoint"},
    )  # fmt: skip


def _unit(text: str) -> str:
    return ", ".join(unit_name(UUID(one)) or one for one in text.split(","))


def _site(text: str) -> str:
    return next((one.site for one in units().values() if str(one.site_id) == text), text)


def _day(text: str) -> str:
    return day(date.fromisoformat(text))


_PARTS: tuple[tuple[str, Any, Any], ...] = (
    ("username", _lazy("Nom de compte"), str),
    ("profession", _lazy("Profession"), lambda text: word(text, "profession")),
    ("rpps", _lazy("RPPS"), str),
    ("duty", _lazy("Responsabilité"), lambda text: str(DUTIES.get(text, text))),
    ("everywhere", _lazy("Établissements"), lambda text: _("tout le groupe") if text == "yes" else text),
    ("commission", _lazy("Commission"), lambda text: str(COMMISSIONS.get(text, text))),
    ("place", _lazy("Emplacement"), str),
    ("site", _lazy("Établissement"), _site),
    ("units", _lazy("Unités"), _unit),
    ("unit", _lazy("Unité"), _unit),
    ("membership", _lazy("Ligne"), str),
    ("why", _lazy("Pourquoi"), lambda text: str(WHY.get(text, text))),
    ("spare", _lazy("Clé de réserve"), str),
    ("since", _lazy("À partir du"), _day),
    ("until", _lazy("Jusqu'au"), _day),
    ("key", _lazy("Sa clé"), lambda text: _("remise tout de suite") if text == "now" else _("remise plus tard")),
)


def asked(request: HttpRequest, form: ActForm, body: dict[str, str]) -> HttpResponse | None:
    """To the page of the act written down; None when the base said no beside a field of this form."""
    try:
        act = staff.ask(request, form.kind, body)
    except Refused as refusal:
        if form.say(refusal.code):
            return None
        raise
    return HttpResponseRedirect(reverse("act", kwargs={"act": act}))


@require_GET
@no_patient_data()
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits for my yes, then what I asked for."""
    (found,) = fetch_with(request.own_ticket, staff.acts_waiting())  # type: ignore[attr-defined]
    return page(
        request,
        "accounts/approvals.html",
        acts=[(one, in_words(one)) for one in found if not one.mine],
        asked=[(one, in_words(one)) for one in found if one.mine],
        done=request.GET.get("fait"),
    )


@require_GET
@no_patient_data()
def show(request: HttpRequest, act: UUID) -> HttpResponse:
    """One act in words, with what I can do about it: sign it, refuse it, take it back."""
    found = staff.act(request, act)
    if found.act.kind == "plan_blanc":
        forget_plans()  # the banner of this very page says so at once
    return page(
        request,
        "accounts/act.html",
        found=found,
        words=in_words(found.act),
        key_page=settings.ORIGIN + reverse("key"),
        **keys_of(actor_of(request)),
    )


@require_POST
@no_patient_data()
def challenge(request: HttpRequest, act: UUID) -> HttpResponse:
    """What my key has to sign: the hash of the exact act."""
    try:
        typed_json(request, {})
        answer = keeper().call("act", step="challenge", cookie=cookie_of(request), act=act.bytes)
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"options": answer["options"]})


@require_POST
@no_patient_data()
def yes(request: HttpRequest, act: UUID) -> HttpResponse:
    """My yes. `state`: waiting for another person's, or ok: it is done. `half`: my half of a key's code, shown once."""
    try:
        typed = typed_json(request, {"response": dict})
        answer = keeper().call("act", step="yes", cookie=cookie_of(request), act=act.bytes, response=typed["response"])
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    half = answer["half"]
    return JsonResponse({"state": answer["state"], "half": f"{half[:4]}-{half[4:]}" if half else ""})


@require_POST
@no_patient_data()
def no(request: HttpRequest, act: UUID) -> HttpResponse:
    """Refuse it, or take my own back."""
    staff.refuse_act(request, act)
    return HttpResponseRedirect(reverse("approvals") + "?fait=acte_refuse")


@require_POST
@no_patient_data()
def read_notice(request: HttpRequest, notice: int) -> HttpResponse:
    """I have read a notice about an account."""
    if notice >= 1 << 63:
        raise Refused("bad_request")
    staff.read_account_notice(request, notice)
    return HttpResponseRedirect(reverse("notices"))
