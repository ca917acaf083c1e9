"""Searching a classification from a form. What is typed is a diagnosis, not a patient: no id travels with it."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from egide.accounts.session import no_patient_data
from egide.reference.reads import diagnoses
from egide.ui import page


@require_POST
@no_patient_data()
def cim10(request: HttpRequest) -> HttpResponse:
    """The diagnoses that hold what is typed, as choices of the form that asks."""
    typed = request.POST.get("q", "")[:100]
    return page(request, "reference/diagnoses.html", found=diagnoses(typed), typed=typed.strip())
