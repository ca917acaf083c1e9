"""Every address of Égide. A house test compares this list, and each view's decorator, with what is written there."""

from django.urls import include, path, re_path
from django.views.decorators.http import require_GET, require_http_methods

from egide.accounts.session import no_patient_data
from egide.config import arrival, care, contacts, day, menu, oversight, palette, panels, printing, rescue, rounds, tabs
from egide.ui import answers, assets

urlpatterns = [
    path("", menu.home, name="home"),
    path("onglets/", tabs.tabs, name="tabs"),
    path("palette/", palette.palette, name="palette"),
    path("secours/lits/", rescue.beds, name="rescue-beds"),
    path("jour/", day.day, name="day"),
    path("unite/<uuid:unit>/", require_GET(panels.unit), name="unit"),
    path("unite/<uuid:unit>/releve/", rounds.measure_round, name="round"),
    path("unite/<uuid:unit>/transmission/", rounds.handover, name="handover"),
    path("unite/<uuid:unit>/changements/", arrival.changes, name="unit-changes"),
    path("dossier/<uuid:patient>/", require_GET(panels.chart), name="chart"),
    path("dossier/<uuid:patient>/acces/", require_GET(panels.openings), name="openings"),
    path("dossier/<uuid:patient>/impression/", printing.chart, name="chart-print"),
    path("dossier/<uuid:patient>/acces/copie/", printing.copy, name="openings-copy"),
    path("surveillance/dossier/<uuid:patient>/copie/", printing.copy_with_names, name="oversight-copy"),
    path("dossier/<uuid:patient>/avis/", require_http_methods(["GET", "POST"])(panels.advice), name="advice"),
    path("dossier/<uuid:patient>/acceder/accueil/", arrival.receive, name="receive"),
    path("dossier/<uuid:patient>/coordonnees/", contacts.contacts, name="contacts"),
    path("dossier/<uuid:patient>/coordonnees/voir/", contacts.show, name="contact"),
    path("dossier/<uuid:patient>/sejour/", arrival.stay, name="stay"),
    path("dossier/<uuid:patient>/sejour/admettre/", arrival.admit, name="admit"),
    path("dossier/<uuid:patient>/sejour/deplacer/", arrival.move, name="move"),
    path("dossier/<uuid:patient>/sejour/sortir/", arrival.discharge, name="discharge"),
    path("dossier/<uuid:patient>/soignants/", care.carers, name="carers"),
    path("dossier/<uuid:patient>/soignants/nommer/", care.name_carer, name="carer-name"),
    path("dossier/<uuid:patient>/soignants/<int:link>/terminer/", care.end_care, name="carer-end"),
    path("dossier/<uuid:patient>/soignants/vigilance/", care.watch, name="watch"),
    path("dossier/<uuid:patient>/fiche/", care.sheet, name="sheet"),
    path("commissions/", care.mandates, name="mandates"),
    path("travail/", care.work, name="work"),
    path("travail/<int:task>/", care.close_task, name="work-close"),
    path("dossier/<uuid:patient>/sejour/presence/", arrival.presence, name="presence"),
    path("poste/", panels.shift, name="shift"),
    path("surveillance/", oversight.lines, name="oversight"),
    path("surveillance/activite/", oversight.activity, name="oversight-activity"),
    path("surveillance/urgences/", oversight.reviews, name="oversight-reviews"),
    path("surveillance/tirage/", oversight.draws, name="oversight-draws"),
    path("surveillance/tirage/tirer/", oversight.draw, name="oversight-draw"),
    path("surveillance/nommer/", oversight.name, name="oversight-name"),
    path("surveillance/dossier/<uuid:patient>/", oversight.patient, name="oversight-patient"),
    path("relectures/", oversight.drawn, name="drawn"),
    path("relectures/<int:drawn>/", oversight.review_drawn, name="drawn-review"),
    path("", include("egide.identity.urls")),
    path("", include("egide.reference.urls")),
    path("", include("egide.record.urls")),
    path("", include("egide.accounts.urls")),
    path("", include("egide.gate.urls")),
    path("aide/", require_GET(no_patient_data()(answers.help_page)), name="help"),
    path("vivant/", require_GET(no_patient_data()(answers.alive)), name="alive"),
    path("sante/", require_GET(no_patient_data(public=True)(menu.health)), name="health"),
    path(assets.ROUTE, require_GET(no_patient_data(public=True)(assets.asset)), name="asset"),
    re_path(r"^favicon\.ico$", require_GET(no_patient_data(public=True)(menu.favicon))),
]

handler400 = "egide.ui.answers.bad_request"
handler403 = "egide.ui.answers.forbidden"
handler404 = "egide.ui.answers.not_found"
handler500 = "egide.config.menu.server_error"
