"""Addresses of the gate's own pages."""

from django.urls import path

from egide.gate import commissions, doors, fresh, plan, rescue, team, views

urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/<uuid:session>/revoquer/", views.revoke, name="session-revoke"),
    path("dossier/<uuid:patient>/acceder/", doors.doors, name="doors"),
    path("dossier/<uuid:patient>/acceder/equipe/", doors.join, name="join-team"),
    path("dossier/<uuid:patient>/acceder/urgence/defi/", doors.break_glass_challenge, name="break-glass-challenge"),
    path("dossier/<uuid:patient>/acceder/urgence/preuve/", doors.break_glass_proof, name="break-glass-proof"),
    path("dossier/<uuid:patient>/acceder/fiche/defi/", doors.sheet_challenge, name="sheet-challenge"),
    path("dossier/<uuid:patient>/acceder/fiche/preuve/", doors.sheet_proof, name="sheet-proof"),
    path("dossier/<uuid:patient>/equipe/", team.take_in, name="take-in"),
    path("secours/", rescue.rescue_page, name="rescues"),
    path("secours/defi/", rescue.challenge, name="rescue-challenge"),
    path("secours/preuve/", rescue.proof, name="rescue-proof"),
    path("secours/<uuid:account>/fermer/", rescue.end, name="rescue-end"),
    path("dossier/<uuid:patient>/acceder/commission/", commissions.open_by_commission, name="commission-open"),
    path("plan-blanc/", plan.plan_page, name="plan"),
    path("plan-blanc/declarer/", plan.declare_plan, name="plan-declare"),
    path("plan-blanc/terminer/", plan.end_plan, name="plan-end"),
    path("commissions/<int:mandate>/terminer/", commissions.end_mandate, name="mandate-end"),
    path("confirmer/", fresh.confirm, name="confirm"),
    path("confirmer/defi/", fresh.challenge, name="confirm-challenge"),
    path("confirmer/preuve/", fresh.proof, name="confirm-proof"),
    path("poste/prendre/", team.declare, name="shift-declare"),
    path("poste/quitter/", team.end, name="shift-end"),
    path("notifications/", team.notices, name="notices"),
    path("notifications/<int:notice>/lue/", team.read_notice, name="notice-read"),
    path("notifications/acces/<int:entry>/motif/", team.words, name="notice-words"),
    path("notifications/acces/<int:entry>/relire/", team.review, name="review"),
]
