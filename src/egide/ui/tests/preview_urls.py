"""Routes of the preview: the names that templates use, each answered with invented contexts."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.urls import path

from egide.ui import Frame, answers, page
from egide.ui.assets import ROUTE, asset
from egide.ui.tests import samples

BARE = ("verrou", "connexion", "connexion-seule", "secours-porte", "secours-porte-erreur", "psc-fait")


def frame(request: HttpRequest) -> Frame:
    here = request.path.strip("/")
    found = samples.frame_of(here not in BARE)
    return replace(found, grade="rescue") if here.startswith("secours-lits") else found


def show(request: HttpRequest, name: str = "unite") -> HttpResponse:
    template, context = samples.contexts()[name]
    return page(request, template, **context)


def vitals(request: HttpRequest, patient: object) -> HttpResponse:
    one = next((p for p in samples.ward() if p.id == patient), samples.ward()[0])
    context = {**samples.chart_context(), "patient": one}
    form = samples.VitalsForm(request.POST or None)
    if request.method != "POST":
        return page(request, "record/vitals.html", **context, form=form)
    if not form.is_valid():
        return page(request, "record/vitals.html", status=422, **context, form=form)
    top, bottom = form.cleaned_data["bp"]
    saved = [samples.value("TA", f"{top}/{bottom}", "mmHg")]
    fresh = samples.VitalsForm()
    return page(
        request,
        "record/vitals_saved.html",
        trigger="vitals-saved",
        patient=one,
        form=fresh,
        saved=saved,
        at=samples.NOW,
        last=saved,
        last_at=samples.NOW,
    )


def chart(request: HttpRequest, patient: object, **kwargs: object) -> HttpResponse:
    return show(request, "dossier")


def say_no(request: HttpRequest, code: str) -> HttpResponse:
    return answers.keeper_down(request) if code == "keeper" else answers.refused(request, code)


def unit(request: HttpRequest, unit: object) -> HttpResponse:
    return show(request, "unite")


def person(request: HttpRequest, account: object, **kwargs: object) -> HttpResponse:
    return show(request, "personne")


def one_act(request: HttpRequest, act: object) -> HttpResponse:
    return show(request, "acte")


urlpatterns = [
    path(ROUTE, asset, name="asset"),
    path("", show, name="home"),
    path("jour/", show, {"name": "jour"}, name="day"),
    path("palette/", show, {"name": "palette"}, name="palette"),
    path("dossier/<uuid:patient>/impression/", chart, name="chart-print"),
    path("dossier/<uuid:patient>/acces/copie/", chart, name="openings-copy"),
    path("surveillance/dossier/<uuid:patient>/copie/", chart, name="oversight-copy"),
    path("onglets/", show, {"name": "onglets"}, name="tabs"),
    path("vivant/", answers.alive, name="alive"),
    path("aide/", answers.help_page, name="help"),
    path("connexion/", show, {"name": "connexion"}, name="sign-in"),
    path("connexion/defi/", say_no, {"code": "bad_request"}, name="sign-in-challenge"),
    path("connexion/preuve/", say_no, {"code": "bad_request"}, name="sign-in-proof"),
    path("connexion/poste/", say_no, {"code": "bad_request"}, name="station-waiting"),
    path("connexion/poste/preuve/", say_no, {"code": "bad_request"}, name="station-take-up"),
    path("postes/", show, {"name": "postes"}, name="stations"),
    path("postes/<uuid:station>/retirer/", say_no, {"code": "unknown_station"}, name="station-end"),
    path("verrou/", say_no, {"code": "bad_request"}, name="lock"),
    path("verrou/defi/", say_no, {"code": "bad_request"}, name="reopen-challenge"),
    path("verrou/preuve/", say_no, {"code": "bad_request"}, name="reopen-proof"),
    path("deconnexion/", say_no, {"code": "session_ended"}, name="sign-out"),
    path("connexion/secours/", show, {"name": "secours-porte"}, name="rescue-sign-in"),
    path("secours/", show, {"name": "secours"}, name="rescues"),
    path("secours/defi/", say_no, {"code": "rescue_closed"}, name="rescue-challenge"),
    path("secours/preuve/", say_no, {"code": "rescue_closed"}, name="rescue-proof"),
    path("secours/<uuid:account>/fermer/", say_no, {"code": "no_rescue"}, name="rescue-end"),
    path("secours/lits/", show, {"name": "secours-lits"}, name="rescue-beds"),
    path("sessions/", show, {"name": "sessions"}, name="sessions"),
    path("sessions/<uuid:session>/revoquer/", say_no, {"code": "session_ended"}, name="session-revoke"),
    path("dossier/<uuid:patient>/acceder/equipe/", say_no, {"code": "no_link"}, name="join-team"),
    path("dossier/<uuid:patient>/acceder/urgence/defi/", say_no, {"code": "no_link"}, name="break-glass-challenge"),
    path("dossier/<uuid:patient>/acceder/urgence/preuve/", say_no, {"code": "no_link"}, name="break-glass-proof"),
    path("dossier/<uuid:patient>/avis/", say_no, {"code": "no_link"}, name="advice"),
    path("dossier/<uuid:patient>/equipe/", say_no, {"code": "no_link"}, name="take-in"),
    path("dossier/<uuid:patient>/soignants/", show, {"name": "soignants"}, name="carers"),
    path("dossier/<uuid:patient>/soignants/nommer/", say_no, {"code": "no_link"}, name="carer-name"),
    path("dossier/<uuid:patient>/soignants/<int:link>/terminer/", say_no, {"code": "already"}, name="carer-end"),
    path("confirmer/", show, {"name": "confirmer"}, name="confirm"),
    path("confirmer/defi/", say_no, {"code": "bad_request"}, name="confirm-challenge"),
    path("confirmer/preuve/", say_no, {"code": "bad_request"}, name="confirm-proof"),
    path("commissions/", show, {"name": "commissions"}, name="mandates"),
    path("commissions/<int:mandate>/terminer/", say_no, {"code": "already"}, name="mandate-end"),
    path("plan-blanc/", show, {"name": "plan"}, name="plan"),
    path("plan-blanc/declarer/", say_no, {"code": "plan_already"}, name="plan-declare"),
    path("plan-blanc/terminer/", say_no, {"code": "no_plan"}, name="plan-end"),
    path("dossier/<uuid:patient>/acceder/commission/", say_no, {"code": "no_link"}, name="commission-open"),
    path("dossier/<uuid:patient>/acceder/fiche/defi/", say_no, {"code": "no_link"}, name="sheet-challenge"),
    path("dossier/<uuid:patient>/acceder/fiche/preuve/", say_no, {"code": "no_link"}, name="sheet-proof"),
    path("dossier/<uuid:patient>/fiche/", show, {"name": "fiche"}, name="sheet"),
    path("dossier/<uuid:patient>/soignants/vigilance/", say_no, {"code": "no_link"}, name="watch"),
    path("dossier/<uuid:patient>/acceder/", show, {"name": "dossier-ferme"}, name="doors"),
    path("examens/", show, {"name": "examens"}, name="examinations-work"),
    path("examens/impression/", show, {"name": "examens-impression"}, name="examinations-print"),
    path("dossier/<uuid:patient>/examens/", chart, name="examinations"),
    path("dossier/<uuid:patient>/examens/demander/<slug:kind>/", chart, name="examination-ask"),
    path("dossier/<uuid:patient>/examens/<uuid:row>/", chart, name="examination"),
    path("travail/", show, {"name": "travail"}, name="work"),
    path("travail/<int:task>/", say_no, {"code": "already"}, name="work-close"),
    path("patients/", show, {"name": "recherche"}, name="search"),
    path("dossier/<uuid:patient>/coordonnees/", show, {"name": "coordonnees"}, name="contacts"),
    path("dossier/<uuid:patient>/coordonnees/voir/", show, {"name": "coordonnee"}, name="contact"),
    path("presents/", show, {"name": "presents"}, name="present"),
    path("dossier/<uuid:patient>/sejour/presence/", show, {"name": "sejour"}, name="presence"),
    path("arrivee/", show, {"name": "arrivees"}, name="arrival"),
    path("arrivee/creer/", show, {"name": "identite-proche"}, name="new-patient"),
    path("dossier/<uuid:patient>/acceder/accueil/", say_no, {"code": "search_first"}, name="receive"),
    path("dossier/<uuid:patient>/sejour/", show, {"name": "sejour"}, name="stay"),
    path("dossier/<uuid:patient>/sejour/admettre/", say_no, {"code": "already_in"}, name="admit"),
    path("dossier/<uuid:patient>/sejour/deplacer/", say_no, {"code": "not_in"}, name="move"),
    path("dossier/<uuid:patient>/sejour/sortir/", say_no, {"code": "not_in"}, name="discharge"),
    path("poste/", say_no, {"code": "no_shift"}, name="shift"),
    path("poste/prendre/", say_no, {"code": "no_shift"}, name="shift-declare"),
    path("poste/quitter/", say_no, {"code": "no_shift"}, name="shift-end"),
    path("notifications/", say_no, {"code": "no_link"}, name="notices"),
    path("notifications/<int:notice>/lue/", say_no, {"code": "no_link"}, name="notice-read"),
    path("notifications/acces/<int:entry>/motif/", say_no, {"code": "no_link"}, name="notice-words"),
    path("notifications/acces/<int:entry>/relire/", say_no, {"code": "already"}, name="review"),
    path("surveillance/", show, {"name": "surveillance"}, name="oversight"),
    path("surveillance/activite/", show, {"name": "surveillance-activite"}, name="oversight-activity"),
    path("surveillance/urgences/", show, {"name": "surveillance-urgences"}, name="oversight-reviews"),
    path("surveillance/tirage/", show, {"name": "surveillance-tirage"}, name="oversight-draws"),
    path("surveillance/tirage/tirer/", say_no, {"code": "already_drawn"}, name="oversight-draw"),
    path("surveillance/nommer/", say_no, {"code": "naming_reason"}, name="oversight-name"),
    path("cle/", show, {"name": "cle"}, name="key"),
    path("cle/defi/", say_no, {"code": "bad_code"}, name="key-challenge"),
    path("cle/preuve/", say_no, {"code": "code_ended"}, name="key-proof"),
    path("personnel/", show, {"name": "personnel"}, name="staff"),
    path("personnel/nouveau/", show, {"name": "personne-nouvelle"}, name="staff-new"),
    path("personnel/<uuid:account>/", person, name="person"),
    path("personnel/<uuid:account>/droits/", person, name="person-rights"),
    path("personnel/<uuid:account>/acte/<slug:word>/", person, name="person-act"),
    path("approbations/", show, {"name": "approbations"}, name="approvals"),
    path("approbations/<uuid:act>/", one_act, name="act"),
    path("approbations/<uuid:act>/defi/", one_act, name="act-challenge"),
    path("approbations/<uuid:act>/preuve/", one_act, name="act-proof"),
    path("approbations/<uuid:act>/refuser/", one_act, name="act-refuse"),
    path("notifications/compte/<int:notice>/lue/", say_no, {"code": "no_link"}, name="account-notice-read"),
    path("relectures/", show, {"name": "relectures"}, name="drawn"),
    path("relectures/<int:drawn>/", say_no, {"code": "already"}, name="drawn-review"),
    path("unite/<uuid:unit>/", unit, name="unit"),
    path("unite/<uuid:unit>/agenda/", show, {"name": "agenda"}, name="agenda"),
    path("dossier/<uuid:patient>/rendez-vous/", show, {"name": "rendez-vous"}, name="appointments"),
    path("dossier/<uuid:patient>/rendez-vous/<uuid:appointment>/", show, {"name": "rendez-vous"}, name="appointment"),
    path("unite/<uuid:unit>/changements/", say_no, {"code": "not_your_unit"}, name="unit-changes"),
    path("dossier/<uuid:patient>/", chart, name="chart"),
    path("dossier/<uuid:patient>/constantes/", vitals, name="vitals"),
    path("reference/cim10/", show, {"name": "codes"}, name="cim10"),
    path("unite/<uuid:unit>/releve/", unit, name="round"),
    path("unite/<uuid:unit>/transmission/", unit, name="handover"),
    path("dossier/<uuid:patient>/mesures/", chart, name="measures"),
    path("dossier/<uuid:patient>/bilan/", chart, name="balance"),
    path("dossier/<uuid:patient>/importes/", show, {"name": "importes"}, name="imported"),
    path("dossier/<uuid:patient>/importes/<uuid:row>/", show, {"name": "importe"}, name="imported-one"),
    path("dossier/<uuid:patient>/probleme/", chart, name="problem"),
    path("dossier/<uuid:patient>/allergie/", chart, name="allergy"),
    path("dossier/<uuid:patient>/terminer/<slug:fact>/<uuid:row>/", chart, name="end"),
    path("dossier/<uuid:patient>/proches/", chart, name="relations"),
    path("dossier/<uuid:patient>/proches/<uuid:row>/retirer/", chart, name="end-person"),
    path("dossier/<uuid:patient>/corriger/<slug:fact>/<uuid:row>/", chart, name="amend"),
    path("dossier/<uuid:patient>/restreindre/<slug:fact>/<uuid:row>/", chart, name="restrict"),
    path("dossier/<uuid:patient>/note/", chart, name="note"),
    path("dossier/<uuid:patient>/note/brouillon/", chart, name="note-draft"),
    path("dossier/<uuid:patient>/note/jeter/", chart, name="note-discard"),
    path("dossier/<uuid:patient>/transmission/", chart, name="transmission"),
    path("dossier/<uuid:patient>/transmission/brouillon/", chart, name="transmission-draft"),
    path("dossier/<uuid:patient>/transmission/jeter/", chart, name="transmission-discard"),
    path("dossier/<uuid:patient>/courbe/", chart, name="bp-curve"),
    path("dossier/<uuid:patient>/acces/", chart, name="openings"),
    path("non/<str:code>/", say_no),
    path("<str:name>", show),
]
handler404 = "egide.ui.answers.not_found"
