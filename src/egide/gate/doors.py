"""What a person without a link finds instead of a chart: joining the team, or breaking the glass. No datum here."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from egide.accounts.session import actor_of, cookie_of, keeper, no_patient_data, typed_json
from egide.gate.act_as import act_as
from egide.gate.commissions import COMMISSIONS, mandates
from egide.gate.demo_keys import keys_of
from egide.gate.oversight import IDENTITY_REASONS
from egide.gate.reading import Read, fetch_with
from egide.gate.rules import may_break_glass, names_only
from egide.keeper.client import KeeperDown
from egide.kernel.capabilities import Actor, Refused
from egide.ui import page
from egide.ui.answers import refused_json
from egide.ui.text import _lazy

REASONS = {
    "vital_emergency": _lazy("Urgence vitale"),
    "patient_arrives": _lazy("Le patient arrive ou revient dans mon service"),
    "on_call": _lazy("Garde ou astreinte : on m'appelle pour lui"),
    "continuity": _lazy("Continuité des soins : le soignant habituel est absent"),
    "other": _lazy("Autre : à préciser ci-dessous"),
}


def needs_colleague() -> Read[bool]:
    """Whether my next emergency access of the day takes a colleague's key (no plan blanc on my site)."""
    return Read("SELECT door.needs_colleague()", (), lambda rows: bool(rows[0][0]))


def closed_chart(request: HttpRequest, patient: UUID, actor: Actor, ticket: str) -> HttpResponse:
    """The page of a chart that is not this person's to open (403): the same for a known and an unknown id."""
    colleague, mandated = fetch_with(ticket, needs_colleague(), mandates())
    return page(
        request,
        "gate/closed_chart.html",
        status=403,
        patient_id=patient,
        reasons=REASONS,
        may_break_glass=may_break_glass(actor.profession) and actor.grade != "rescue",
        **keys_of(actor),
        colleague=colleague,
        naming=IDENTITY_REASONS if names_only(actor.profession) else {},
        commissions={one.commission: COMMISSIONS[one.commission] for one in mandated if one.mine},
        asked="demande" in request.GET,
    )


@require_GET
@no_patient_data()
def doors(request: HttpRequest, patient: UUID) -> HttpResponse:
    """The doors at their own address: a search result leads here without asking for the chart first."""
    actor = actor_of(request)
    if actor is None:
        raise Refused("session_ended")
    return closed_chart(request, patient, actor, request.own_ticket)  # type: ignore[attr-defined]


@require_POST
@no_patient_data()
def join(request: HttpRequest, patient: UUID) -> HttpResponse:
    """Ask the physicians responsible to be taken into the team; nothing opens before one of them does."""
    act_as(request, "SELECT door.ask_to_join(%s)", patient)
    return HttpResponseRedirect(reverse("doors", kwargs={"patient": patient}) + "?demande")


@require_POST
@no_patient_data()
def break_glass_challenge(request: HttpRequest, patient: UUID) -> HttpResponse:
    """The exact act, written down by the keeper; its hash is what the key must sign."""
    return _challenge(request, patient, "break_glass")


@require_POST
@no_patient_data()
def sheet_challenge(request: HttpRequest, patient: UUID) -> HttpResponse:
    """« Fiche d'urgence », where nobody is there to confirm: the same, one's own key alone."""
    return _challenge(request, patient, "emergency_sheet")


def _challenge(request: HttpRequest, patient: UUID, kind: str) -> HttpResponse:
    try:
        typed = typed_json(request, {"reason": str, "words": str})
        if typed["reason"] not in REASONS or (typed["reason"] == "other" and len(str(typed["words"]).strip()) < 5):
            return refused_json("reason_needed")
        answer = keeper().call(
            "approve", step="begin", cookie=cookie_of(request), kind=kind, patient=patient.bytes,
            reason=str(typed["reason"]), words=str(typed["words"])[:1000],
        )  # fmt: skip
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    return JsonResponse({"act": UUID(bytes=answer["act"]).hex, "options": answer["options"]})


@require_POST
@no_patient_data()
def break_glass_proof(request: HttpRequest, patient: UUID) -> HttpResponse:  # noqa: ARG001 — the act names her
    """One key's answer; `state` is ok (the chart opens for four hours) or colleague_needed."""
    return _proof(request, "break_glass")


@require_POST
@no_patient_data()
def sheet_proof(request: HttpRequest, patient: UUID) -> HttpResponse:  # noqa: ARG001 — the act names her
    """My key's answer: the sheet opens for an hour, that of another patient closes, the on-call list is called."""
    return _proof(request, "emergency_sheet")


def _proof(request: HttpRequest, kind: str) -> HttpResponse:
    try:
        typed = typed_json(request, {"act": str, "response": dict, "words": str})
        answer = keeper().call(
            "approve", step="finish", cookie=cookie_of(request), act=UUID(hex=str(typed["act"])).bytes,
            response=typed["response"], words=str(typed["words"])[:1000], kind=kind,
        )  # fmt: skip
    except ValueError:
        return refused_json("bad_request")
    except (Refused, KeeperDown) as refusal:
        return refused_json(getattr(refusal, "code", "keeper_down"))
    if answer["state"] == "colleague_needed":
        return JsonResponse(
            {"state": "colleague_needed", "act": UUID(bytes=answer["act"]).hex, "options": answer["options"]}
        )
    return JsonResponse({"state": "ok"})
