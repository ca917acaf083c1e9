"""Addresses of sign-in and sessions; those of Pro Santé Connect exist only where it is configured."""

from django.conf import settings
from django.urls import path

from egide.accounts import enrolment, locking, psc, rescue, stations, views

urlpatterns = [
    path("connexion/", views.sign_in, name="sign-in"),
    path("connexion/defi/", views.challenge, name="sign-in-challenge"),
    path("connexion/preuve/", views.proof, name="sign-in-proof"),
    path("connexion/poste/", stations.waiting, name="station-waiting"),
    path("connexion/poste/preuve/", stations.take_up, name="station-take-up"),
    path("connexion/secours/", rescue.rescue_sign_in, name="rescue-sign-in"),
    path("cle/", enrolment.key, name="key"),
    path("cle/defi/", enrolment.key_challenge, name="key-challenge"),
    path("cle/preuve/", enrolment.key_proof, name="key-proof"),
    path("verrou/", locking.lock, name="lock"),
    path("verrou/defi/", locking.reopen_challenge, name="reopen-challenge"),
    path("verrou/preuve/", locking.reopen_proof, name="reopen-proof"),
    path("deconnexion/", views.sign_out, name="sign-out"),
]
PSC_PATTERNS = [
    path("connexion/psc/", psc.go, name="psc-go"),
    path("connexion/psc/retour/", psc.back, name="psc-back"),
]
if settings.PSC is not None:
    urlpatterns += PSC_PATTERNS
