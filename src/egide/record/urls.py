"""Addresses of the record."""

from django.urls import path

from egide.record import views

_CHART = "dossier/<uuid:patient>/"

urlpatterns = [
    path(_CHART + "constantes/", views.vitals, name="vitals"),
    path(_CHART + "courbe/", views.curve, name="curve"),
    path(_CHART + "note/", views.write, {"kind": "note"}, name="note"),
    path(_CHART + "note/brouillon/", views.keep, {"kind": "note"}, name="note-draft"),
    path(_CHART + "note/jeter/", views.discard, {"kind": "note"}, name="note-discard"),
    path(_CHART + "transmission/", views.write, {"kind": "transmission"}, name="transmission"),
    path(_CHART + "transmission/brouillon/", views.keep, {"kind": "transmission"}, name="transmission-draft"),
    path(_CHART + "transmission/jeter/", views.discard, {"kind": "transmission"}, name="transmission-discard"),
    path(_CHART + "mesures/", views.measures, name="measures"),
    path(_CHART + "bilan/", views.balance, name="balance"),
    path(_CHART + "importes/", views.imported, name="imported"),
    path(_CHART + "importes/<uuid:row>/", views.imported_one, name="imported-one"),
    path(_CHART + "probleme/", views.problem, name="problem"),
    path(_CHART + "allergie/", views.allergy, name="allergy"),
    path(_CHART + "terminer/<slug:fact>/<uuid:row>/", views.end, name="end"),
    path(_CHART + "proches/", views.relations, name="relations"),
    path(_CHART + "proches/<uuid:row>/retirer/", views.end_person, name="end-person"),
    path(_CHART + "restreindre/<slug:fact>/<uuid:row>/", views.restrict, name="restrict"),
    path(_CHART + "corriger/<slug:fact>/<uuid:row>/", views.amend, name="amend"),
]
