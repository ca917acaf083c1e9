"""Pages that say no, and why: refusals, the keeper's absence, the end of a session, faults; and two small views.

Every one of them shows a sentence and a next step, never a trace, a path, a query or a trait.
"""

import logging
import time
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from egide.kernel import logs, proofs
from egide.ui.refusals import refusal
from egide.ui.rendering import Frame, frame_of, page, wants_panel
from egide.ui.text import _

_log = logging.getLogger("egide.ui")
_FAULTS = 500  # from here on it is ours: the page shows the request's id, under which the logs tell what happened


def _bare(request: HttpRequest) -> Frame:
    """The usual frame when it can still be made, else an empty one: an error page must not fail in its turn."""
    try:
        return frame_of(request)
    except Exception as fault:  # noqa: BLE001 (whatever broke the page may break its frame)
        _log.warning("frame unavailable: %s", type(fault).__name__)
        return Frame()


def _say(
    request: HttpRequest, title: str, sentence: str, next_step: str, status: int, icon: str, confirm_at: str = ""
) -> HttpResponse:
    return page(
        request,
        "ui/notice.html",
        status=status,
        frame=_bare(request),
        title=title,
        sentence=sentence,
        next_step=next_step,
        icon=icon,
        confirm_at=confirm_at,
        reference=logs.request_id() if status >= _FAULTS else "",
    )


def refused(request: HttpRequest, code: str) -> HttpResponse:
    """The page of a refusal code; a session that ended empties the page that asked (`session_ended`)."""
    if code in {"session_ended", "session_frozen"}:
        return session_ended(request, code)
    if code.startswith("proof_"):
        return unproven(request, code)
    words = refusal(code)
    confirm_at = ""
    if code == "fresh_factor":
        back = request.get_full_path() if request.method == "GET" else reverse("home")
        confirm_at = f"{reverse('confirm')}?suite={quote(back)}"
    if words.status >= _FAULTS:
        _log.warning("refused: %s", code)
    return _say(request, str(words.title), str(words.sentence), str(words.next_step), words.status, "lock", confirm_at)


def refused_json(code: str) -> JsonResponse:
    """The same refusal for the sign-in script: `{"code", "message"}`, the message being sentence and next step."""
    words = refusal(code)
    answer = JsonResponse({"code": code, "message": f"{words.sentence} {words.next_step}"}, status=words.status)
    answer["Cache-Control"] = "no-store"
    return answer


def session_ended(request: HttpRequest, code: str = "session_ended") -> HttpResponse:
    """401 that makes an open page empty itself (`HX-Trigger: session-ended`); a plain request gets the sentence."""
    if code == "session_ended" and request.path == "/" and not wants_panel(request) and not _had_session(request):
        # somebody who types the address has no session to lose: straight to the door
        return HttpResponseRedirect(reverse("sign-in"))
    words = refusal(code)
    return page(
        request,
        "ui/session_ended.html",
        status=401,
        trigger="session-ended",
        frame=Frame(demo=_bare(request).demo),
        title=str(words.title),
        sentence=str(words.sentence),
        next_step=str(words.next_step),
    )


@dataclass(frozen=True, slots=True)
class Locked:
    """Who is locked; on a demonstration, whose key its service is asked for, and where."""

    name: str
    profession: str
    username: str = ""
    demo_keys: str = ""


def locked(request: HttpRequest, who: Locked) -> HttpResponse:
    """423: the session waits for its owner's key. No datum of a patient, none of the page that was asked for."""
    return page(
        request, "ui/locked.html", status=423, trigger="session-locked", frame=Frame(demo=_bare(request).demo), who=who
    )


def unproven(request: HttpRequest, code: str) -> HttpResponse:
    """428, and no datum: the workstation's key has not signed this request. The page signs and asks again by itself."""
    words, now = refusal(code), str(int(time.time() * 1000))
    answer = page(
        request,
        "ui/prove.html",
        status=words.status,
        frame=Frame(),
        now=now,
        title=str(words.title),
        sentence=str(words.sentence),
        next_step=str(words.next_step),
        how=proofs.next_how(request.headers.get("Cookie", "")) if request.method == "GET" else "",
    )
    answer[proofs.CLOCK] = now
    return answer


def _had_session(request: HttpRequest) -> bool:
    return bool(request.COOKIES.get(getattr(settings, "SESSION_COOKIE", "")))


def keeper_down(request: HttpRequest, *, locked: bool = False) -> HttpResponse:
    """503 while the keeper does not answer, or waits for the operator: nothing is read, and the page says so."""
    if locked:
        why = _("La consultation est impossible : le gardien des clés attend sa phrase, rien n'est lu ni écrit.")
        then = _("Appelez l'administrateur de garde : il la donne, et cette page s'ouvre.")
    else:
        why = _(
            "La consultation est momentanément impossible : le gardien des clés ne répond pas, rien n'est lu ni écrit."
        )
        then = _(
            "Il redémarre seul, en général en quelques secondes : réessayez. Sinon, appelez l'administrateur de garde."
        )
    _log.warning("keeper_locked" if locked else "keeper_down")
    answer = _say(
        request,
        _("Consultation momentanément impossible"),
        why,
        then,
        503,
        "offline",
    )
    answer["Retry-After"] = "5"
    return answer


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 (Django's)
    """404 (`handler404`)."""
    return _say(
        request,
        _("Page introuvable"),
        _("Cette adresse ne mène à aucune page."),
        _("Vérifiez l'adresse, ou revenez à votre unité."),
        404,
        "search",
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 (`handler400`), and 413 when the request was too large."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return too_large(request)
    return refused(request, "bad_request")


def too_large(request: HttpRequest) -> HttpResponse:
    """413: the input is larger than any form of Égide needs."""
    return _say(
        request,
        _("Envoi trop volumineux"),
        _("Ce qui a été envoyé dépasse la taille admise ; rien n'a été enregistré."),
        _("Revenez en arrière, raccourcissez le texte et recommencez."),
        413,
        "alert",
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 (Django's)
    """403 (`handler403`)."""
    return refused(request, "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 (Django's)
    """403 (`CSRF_FAILURE_VIEW`): the form came from elsewhere, or the sign-in changed since it was shown."""
    return _say(
        request,
        _("Formulaire périmé"),
        _("Ce formulaire a été ouvert avant votre dernière connexion ; rien n'a été enregistré."),
        _("Revenez en arrière, rechargez la page et recommencez."),
        403,
        "alert",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500 (`handler500`)."""
    return _say(
        request,
        _("Incident technique"),
        _("Un incident a interrompu cette demande ; rien n'a été enregistré à moitié."),
        _("Réessayez ; si cela se répète, appelez l'administrateur et donnez-lui la référence ci-dessous."),
        500,
        "alert",
    )


def help_page(request: HttpRequest) -> HttpResponse:
    """The page of keys and habits (`/aide/`)."""
    return page(request, "ui/help.html")


def alive(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """204 to the heartbeat of an open page (`/vivant/`); its decorator answered 401 if the session ended."""
    answer = HttpResponse(status=204)
    answer["Cache-Control"] = "no-store"
    return answer
