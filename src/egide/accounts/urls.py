"""Addresses of sign-in and sessions."""

from django.urls import path

from egide.accounts import rescue, views

urlpatterns = [
    path("connexion/", views.sign_in, name="sign-in"),
    path("connexion/defi/", views.challenge, name="sign-in-challenge"),
    path("connexion/preuve/", views.proof, name="sign-in-proof"),
    path("connexion/secours/", rescue.rescue_sign_in, name="rescue-sign-in"),
    path("deconnexion/", views.sign_out, name="sign-out"),
]
