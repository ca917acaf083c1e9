"""The second door: a name and a six-digit code, for whom a rescue session was opened. No key, so little opens."""

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from egide.accounts import possession
from egide.accounts.session import keeper, no_patient_data
from egide.accounts.views import device_of, enter, former
from egide.kernel.capabilities import Refused
from egide.ui import page
from egide.ui.refusals import refusal
from egide.ui.text import _lazy

SECONDS = 24 * 3600
KNOWN_COOKIE = "egide_secours"  # tells this workstation's tries from strangers'; it opens nothing
_DIGITS = 6


class Code(forms.Form):
    """What is typed: the name as the badge or the cadre gives it, the code as the telephone shows it."""

    username = forms.CharField(
        label=_lazy("Nom de compte"), max_length=61, error_messages={"required": _lazy("Écrivez votre nom de compte.")}
    )
    code = forms.CharField(
        label=_lazy("Code à six chiffres"), max_length=20,
        error_messages={"required": _lazy("Écrivez le code que montre votre téléphone.")},
    )  # fmt: skip

    def clean_username(self) -> str:
        """Lower case, without spaces around."""
        return str(self.cleaned_data["username"]).strip().lower()

    def clean_code(self) -> str:
        """Six digits, however they are grouped."""
        typed = "".join(str(self.cleaned_data["code"]).split())
        if len(typed) != _DIGITS or not typed.isascii() or not typed.isdigit():
            raise forms.ValidationError(_lazy("Le code a six chiffres : 123 456."), code="invalid")
        return typed


@require_http_methods(["GET", "POST"])
@no_patient_data(public=True)
def rescue_sign_in(request: HttpRequest) -> HttpResponse:
    """GET the form; POST a name and a code. The sentence of a refusal is the same for every name."""
    if request.method != "POST":
        return _form(request, Code())
    form = Code(request.POST)
    if set(request.POST) - {"username", "code", "csrfmiddlewaretoken"} or not form.is_valid():
        return _form(request, form, status=422)
    try:
        machine = possession.machine_left(request)
        answer = keeper().call(
            "sign_in", step="rescue", username=form.cleaned_data["username"], code=form.cleaned_data["code"],
            known=request.COOKIES.get(KNOWN_COOKIE, "")[:90], device=device_of(request),
            device_key=possession.station_of(request), over=former(request), path=request.path, machine=machine,
        )  # fmt: skip
    except Refused as refused:
        words = refusal(refused.code)
        form.add_error("code", f"{words.sentence} {words.next_step}")
        return _form(request, form, status=words.status)
    signed_in = HttpResponseRedirect(reverse("home"))
    enter(
        request, signed_in, answer["cookie"], seated=bool(answer.get("workstation")), machine=machine is not None,
        seconds=SECONDS,
    )  # fmt: skip
    remember(signed_in, answer["known"])
    return signed_in


def remember(answer: HttpResponse, known: str) -> None:
    """Keep on this workstation that a rescue was opened or used here."""
    answer.set_cookie(
        KNOWN_COOKIE, known, max_age=SECONDS, path=reverse("rescue-sign-in"), httponly=True, samesite="Strict",
        secure=settings.CSRF_COOKIE_SECURE,
    )  # fmt: skip


def _form(request: HttpRequest, form: Code, status: int = 200) -> HttpResponse:
    return page(request, "accounts/rescue_sign_in.html", status=status, form=form, now=possession.clock())
