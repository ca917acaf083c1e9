"""Addresses of the gate's own pages."""

from django.urls import path

from egide.gate import views

urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<uuid:session>/revoquer/", views.revoke, name="session-revoke"),
]
