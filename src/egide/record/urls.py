"""Addresses of the record."""

from django.urls import path

from egide.record import views

urlpatterns = [
    path("dossier/<uuid:patient>/constantes/", views.vitals, name="vitals"),
    path("dossier/<uuid:patient>/courbe/", views.curve, name="curve"),
]
