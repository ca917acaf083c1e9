"""Addresses of the identity room."""

from django.urls import path

from egide.identity import views

urlpatterns = [
    path("patients/", views.search, name="search"),
    path("presents/", views.present, name="present"),
    path("arrivee/", views.arrival, name="arrival"),
    path("arrivee/creer/", views.new, name="new-patient"),
]
