"""What each refusal says on screen: one sentence for what happened, one for what to do next, the HTTP status.

The codes are the gate's and the keeper's; an unknown code gets a plain sentence and stays shut.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egide.ui.text import _lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal in words. `status` is the HTTP status of the page that says it."""

    title: "_StrPromise"
    sentence: "_StrPromise"
    next_step: "_StrPromise"
    status: int = 403


REFUSALS: dict[str, Refusal] = {
    "session_ended": Refusal(
        _lazy("Session terminée"),
        _lazy("Votre session est terminée ; cette page a été vidée."),
        _lazy("Reconnectez-vous avec votre clé pour reprendre."),
        401,
    ),
    "session_frozen": Refusal(
        _lazy("Session suspendue"),
        _lazy("Cette session est suspendue : un usage inhabituel a été constaté, rien n'est plus lu par elle."),
        _lazy("Fermez-la et reconnectez-vous avec votre clé ; sinon, appelez le responsable de la sécurité."),
        401,
    ),
    "session_locked": Refusal(
        _lazy("Session verrouillée"),
        _lazy("Cette session est verrouillée : rien n'est lu ni enregistré par elle."),
        _lazy("Rouvrez-la avec votre clé : ce qui était en cours y est encore."),
        423,
    ),
    "not_locked": Refusal(
        _lazy("Session déjà rouverte"),
        _lazy("Cette session n'est pas verrouillée ; rien n'a été changé."),
        _lazy("Rechargez la page."),
        409,
    ),
    "verification_needed": Refusal(
        _lazy("Code ou empreinte demandés"),
        _lazy("Toucher la clé ne suffit pas cette fois ; la session reste verrouillée."),
        _lazy("Recommencez, en donnant le code de votre clé ou votre empreinte."),
    ),
    "sign_in_tries": Refusal(
        _lazy("Trop d'essais"),
        _lazy("Trop de clés de ce compte ont été refusées sur ce poste ; personne n'a été connecté."),
        _lazy("Une clé valable ouvre à tout moment ; sinon, attendez un quart d'heure ou appelez votre cadre."),
        429,
    ),
    "station_known": Refusal(
        _lazy("Poste déjà enrôlé"),
        _lazy("Ce navigateur est déjà un poste de travail ; rien n'a été fait."),
        _lazy("Retirez-le d'abord de la liste pour l'enrôler sous un autre nom."),
        409,
    ),
    "station_name_taken": Refusal(
        _lazy("Nom déjà pris"),
        _lazy("Un poste de ce site porte déjà ce nom."),
        _lazy("Choisissez-en un autre."),
        422,
    ),
    "no_machine_key": Refusal(
        _lazy("Poste sans clé"),
        _lazy("Ce navigateur n'a pas pu faire la clé du poste ; rien n'a été fait."),
        _lazy("Utilisez un navigateur à jour, hors navigation privée."),
        422,
    ),
    "unknown_station": Refusal(
        _lazy("Poste inconnu"),
        _lazy("Ce poste n'est pas de ceux dont vous répondez ; rien n'a été fait."),
        _lazy("Rechargez la liste des postes."),
        422,
    ),
    "proof_missing": Refusal(
        _lazy("Un instant"),
        _lazy("Ce poste n'a pas prouvé que cette session est la sienne ; rien n'a été lu ni enregistré."),
        _lazy("Recommencez ; si cela se répète, reconnectez-vous avec votre clé."),
        428,
    ),
    "proof_old": Refusal(
        _lazy("Demande arrivée trop tard"),
        _lazy("La preuve de ce poste date d'un autre moment ; rien n'a été lu ni enregistré."),
        _lazy("Recommencez : l'heure de ce poste vient d'être accordée à celle du serveur."),
        428,
    ),
    "proof_used": Refusal(
        _lazy("Demande déjà reçue"),
        _lazy("Cette demande était déjà arrivée une fois ; celle-ci n'a rien lu ni enregistré."),
        _lazy("Vérifiez dans le dossier si la saisie y est ; sinon, recommencez."),
        428,
    ),
    "proof_wrong": Refusal(
        _lazy("Session d'un autre poste"),
        _lazy("La preuve de ce poste n'est pas celle de cette session ; rien n'a été lu ni enregistré."),
        _lazy("Reconnectez-vous avec votre clé."),
        428,
    ),
    "no_link": Refusal(
        _lazy("Dossier fermé"),
        _lazy("Vous ne faites pas partie de l'équipe de soins de ce patient."),
        _lazy(
            "Si vous le prenez en charge, demandez au cadre de son unité ou au médecin responsable du séjour "
            "de vous rattacher à l'équipe."
        ),
    ),
    "not_your_unit": Refusal(
        _lazy("Unité fermée"),
        _lazy("Vous n'êtes pas en poste dans cette unité."),
        _lazy("Revenez à votre unité, ou demandez à son cadre de vous y déclarer en poste."),
    ),
    "not_yours": Refusal(
        _lazy("Texte d'un autre auteur"),
        _lazy("Seul l'auteur d'une note ou d'une transmission la corrige."),
        _lazy("Prévenez-le, ou écrivez votre propre note."),
    ),
    "already_ended": Refusal(
        _lazy("Déjà corrigé"),
        _lazy("Quelqu'un a déjà remplacé ce fait ou signalé une erreur de saisie."),
        _lazy("Revenez au dossier : le fil dit qui et quand."),
        409,
    ),
    "draft_moved": Refusal(
        _lazy("Brouillon repris ailleurs"),
        _lazy("Ce brouillon a été repris ou signé dans une autre page."),
        _lazy("Rechargez la page pour voir où il en est ; copiez d'abord ce que vous venez d'écrire."),
        409,
    ),
    "too_many": Refusal(
        _lazy("Trop de patients à la fois"),
        _lazy("Cette liste dépasse 200 patients ; elle n'a pas été ouverte."),
        _lazy("Ouvrez une unité plus petite, ou un seul dossier."),
        429,
    ),
    "category_closed": Refusal(
        _lazy("Données fermées à votre profession"),
        _lazy("Votre profession n'ouvre pas cette partie du dossier."),
        _lazy("Adressez-vous à un soignant de l'équipe, qui peut vous dire ce dont vous avez besoin."),
    ),
    "budget": Refusal(
        _lazy("Palier atteint"),
        _lazy("Vous avez ouvert plus de dossiers que votre activité ne le prévoit ; celui-ci reste fermé."),
        _lazy("Les patients de votre unité restent accessibles ; le responsable de la sécurité peut lever ce palier."),
        429,
    ),
    "not_a_demo": Refusal(
        _lazy("Clé de démonstration refusée"),
        _lazy("Cette clé n'est valable que sur une base de démonstration."),
        _lazy("Connectez-vous avec votre clé personnelle."),
    ),
    "bad_assertion": Refusal(
        _lazy("Clé non reconnue"),
        _lazy("La réponse de la clé n'a pas pu être vérifiée ; personne n'a été connecté."),
        _lazy("Recommencez ; si l'échec se répète, essayez votre clé de secours ou appelez l'administrateur de garde."),
    ),
    "no_user_verification": Refusal(
        _lazy("Code ou empreinte manquant"),
        _lazy("La clé n'a pas demandé votre code ou votre empreinte ; personne n'a été connecté."),
        _lazy("Recommencez en saisissant le code de la clé ou en posant votre doigt."),
    ),
    "unknown_key": Refusal(
        _lazy("Clé inconnue"),
        _lazy("Cette clé n'est rattachée à aucun compte d'ici."),
        _lazy("Essayez une autre clé, ou faites enregistrer celle-ci par l'administrateur de garde."),
    ),
    "wrong_socket": Refusal(
        _lazy("Demande refusée"),
        _lazy("Ce poste n'a pas le droit de faire cette demande."),
        _lazy("Signalez-le à l'administrateur : c'est un défaut d'installation."),
    ),
    "too_many_shifts": Refusal(
        _lazy("Quatre postes déjà déclarés"),
        _lazy("Vous avez déjà déclaré quatre postes ; celui-ci n'a pas été ouvert."),
        _lazy("Quittez-en un depuis « Mon poste », puis recommencez."),
    ),
    "other_site": Refusal(
        _lazy("Unité d'un autre site"),
        _lazy("Cette unité n'est pas de votre site ; aucun poste n'y a été déclaré."),
        _lazy("Demandez au cadre de cette unité de vous y affecter."),
    ),
    "platform_shift": Refusal(
        _lazy("Plateau technique : pas de poste déclaré"),
        _lazy("On ne déclare pas de poste dans un laboratoire ou une imagerie ; aucun n'y a été ouvert."),
        _lazy("Demandez au cadre de cette unité de vous y affecter."),
    ),
    "no_shift": Refusal(
        _lazy("Aucun poste à quitter"),
        _lazy("Vous n'aviez pas de poste déclaré dans cette unité."),
        _lazy("Revenez à « Mon poste » pour voir vos postes."),
    ),
    "unknown_colleague": Refusal(
        _lazy("Personne introuvable"),
        _lazy("Cette personne ou cette unité ne peut pas recevoir de demande ; rien n'a été ouvert."),
        _lazy("Choisissez-en une autre dans la liste."),
        422,
    ),
    "colleague_needed": Refusal(
        _lazy("Un collègue doit confirmer"),
        _lazy("C'est votre sixième accès d'urgence du jour : rien n'est encore ouvert."),
        _lazy("Un collègue présent confirme avec sa clé sur ce même écran."),
    ),
    "staff_known": Refusal(
        _lazy("Déjà déclaré"),
        _lazy("Ce dossier est déjà celui d'une autre personne qui travaille ici ; rien n'a été changé."),
        _lazy("Si c'est une erreur, faites-la lever par quelqu'un d'autre que celui qui l'a déclarée."),
        409,
    ),
    "another_person": Refusal(
        _lazy("Il faut quelqu'un d'autre"),
        _lazy("Ni la personne déclarée, ni celle qui l'a déclarée ne lèvent cette déclaration ; rien n'a été changé."),
        _lazy("Demandez à un collègue des admissions."),
    ),
    "same_person": Refusal(
        _lazy("Même clé"),
        _lazy("Cette clé est la vôtre : il faut celle d'un collègue ; rien n'a été ouvert."),
        _lazy("Demandez à un collègue présent de poser la sienne."),
    ),
    "not_approved": Refusal(
        _lazy("Clé d'une autre personne"),
        _lazy("Cette clé n'est pas la vôtre ; rien n'a été ouvert."),
        _lazy("Confirmez d'abord avec votre propre clé."),
    ),
    "act_ended": Refusal(
        _lazy("Demande périmée"),
        _lazy("Cette demande a expiré ou a déjà servi ; rien n'a été ouvert."),
        _lazy("Rechargez la page et recommencez."),
        410,
    ),
    "reason_needed": Refusal(
        _lazy("Motif manquant"),
        _lazy("Un accès d'urgence demande un motif ; « autre » demande une précision. Rien n'a été ouvert."),
        _lazy("Choisissez un motif, puis confirmez."),
        422,
    ),
    "same_station": Refusal(
        _lazy("Même poste"),
        _lazy("Le second accord ne se donne pas sur le poste du premier ; rien n'a été fait."),
        _lazy("Ouvrez « À approuver » sur un autre poste. S'il est neuf, reconnectez-vous d'abord."),
    ),
    "same_pair": Refusal(
        _lazy("Toujours les deux mêmes"),
        _lazy("Ces deux personnes ont approuvé trop d'actes l'une de l'autre aujourd'hui ; rien n'a été fait."),
        _lazy("Demandez l'accord de quelqu'un d'autre."),
        429,
    ),
    "concerns_you": Refusal(
        _lazy("Acte qui vous concerne"),
        _lazy(
            "Nul ne demande ni n'approuve un acte sur son compte ou un mandat qu'il reçoit ; "
            "rien n'a été fait, c'est inscrit."
        ),
        _lazy("Demandez à une autre personne qui en a le droit."),
    ),
    "office_and_care": Refusal(
        _lazy("Fonctions incompatibles"),
        _lazy(
            "Administrateur, DPO et RSSI restent seuls sur leur compte, sans profession de soin ; rien n'a été fait."
        ),
        _lazy("Créez un autre compte, pour l'autre fonction ; le DPO et le RSSI ont été avertis."),
    ),
    "not_your_key": Refusal(
        _lazy("Clé d'une autre personne"),
        _lazy("Cette clé n'est pas la vôtre ; rien n'a été signé."),
        _lazy("Signez avec la clé qui a ouvert cette session."),
    ),
    "act_closed": Refusal(
        _lazy("Acte d'autrui"),
        _lazy("Cet acte n'attend rien de vous."),
        _lazy("Revenez à « À approuver » : ce que vous pouvez signer y figure."),
    ),
    "unknown_person": Refusal(
        _lazy("Personne introuvable"),
        _lazy("Cette personne ne travaille plus ici, ou cette ligne n'est pas la sienne ; rien n'a été fait."),
        _lazy("Revenez au personnel et cherchez-la."),
        422,
    ),
    "already_ended_here": Refusal(
        _lazy("Déjà terminé"),
        _lazy("Cette ligne a déjà pris fin, ou n'a pas commencé ; rien n'a été fait."),
        _lazy("Rechargez la fiche de la personne."),
        409,
    ),
    "already_suspended": Refusal(
        _lazy("Compte suspendu"),
        _lazy("Ce compte est suspendu ; rien n'a été fait."),
        _lazy("Faites-le d'abord rétablir, à deux."),
        409,
    ),
    "not_suspended": Refusal(
        _lazy("Compte non suspendu"),
        _lazy("Ce compte n'est pas suspendu ; rien n'a été fait."),
        _lazy("Rechargez la fiche de la personne."),
        409,
    ),
    "last_of_office": Refusal(
        _lazy("Deux administrateurs au moins, dont un du groupe"),
        _lazy("Sans deux administrateurs, ou sans celui du groupe, plus rien ne s'approuve : rien n'a changé."),
        _lazy("Faites d'abord nommer un autre administrateur, du groupe s'il le faut, puis recommencez."),
        409,
    ),
    "no_key": Refusal(
        _lazy("Aucune clé vivante"),
        _lazy("Cette personne n'a plus de clé ; il n'y a rien à fermer."),
        _lazy("Remettez-lui-en une depuis sa fiche."),
        409,
    ),
    "nothing_waits": Refusal(
        _lazy("Rien à annuler"),
        _lazy("Rien de ce qui lui a été accordé n'attend encore son début."),
        _lazy("Rechargez la fiche de la personne."),
        409,
    ),
    "bad_approval": Refusal(
        _lazy("Signature refusée"),
        _lazy("Cette signature est ancienne ou a déjà servi ; rien n'a été fait."),
        _lazy("Rechargez la page et signez à nouveau."),
    ),
    "bad_code": Refusal(
        _lazy("Code faux"),
        _lazy("Ces deux moitiés ne forment pas un code d'ici ; aucune clé n'a été posée."),
        _lazy("Relisez les deux papiers ; après cinq essais il faut un nouveau code."),
        422,
    ),
    "code_ended": Refusal(
        _lazy("Code périmé"),
        _lazy("Ce code a servi, ou ses trente minutes sont passées ; aucune clé n'a été posée."),
        _lazy("Demandez-en un nouveau aux deux personnes qui vous l'ont remis."),
        410,
    ),
    "known_key": Refusal(
        _lazy("Clé déjà posée"),
        _lazy("Cette clé est déjà celle de quelqu'un ; elle n'a pas été posée."),
        _lazy("Prenez une autre clé."),
        409,
    ),
    "software_key": Refusal(
        _lazy("Clé logicielle refusée"),
        _lazy("Une clé logicielle n'est admise que sur une base de démonstration ; elle n'a pas été posée."),
        _lazy("Prenez une clé matérielle."),
    ),
    "already": Refusal(
        _lazy("Déjà relu"),
        _lazy("Cet accès d'urgence a déjà été relu par un collègue."),
        _lazy("Revenez aux notifications."),
        409,
    ),
    "already_drawn": Refusal(
        _lazy("Mois déjà tiré"),
        _lazy("Ce mois a déjà été tiré au sort ; rien n'a été changé."),
        _lazy("Revenez au tirage mensuel."),
        409,
    ),
    "naming_reason": Refusal(
        _lazy("Motif manquant"),
        _lazy("Voir qui est un patient demande un motif ; rien n'a été ouvert."),
        _lazy("Revenez à la trace, choisissez un motif, puis recommencez."),
        422,
    ),
    "search_first": Refusal(
        _lazy("Cherchez d'abord"),
        _lazy("Personne n'est créé ni accueilli sans une recherche faite dans les dix minutes ; rien n'a été écrit."),
        _lazy("Cherchez la personne depuis « Patients », puis recommencez."),
        409,
    ),
    "arrival_pace": Refusal(
        _lazy("Palier atteint"),
        _lazy("Trop de personnes accueillies ou cherchées à la suite par ce compte ; rien n'a été écrit."),
        _lazy("Attendez une minute, puis recommencez ; un collègue des admissions peut prendre le relais."),
        429,
    ),
    "bed_taken": Refusal(
        _lazy("Lit occupé"),
        _lazy("Ce lit vient d'être pris par quelqu'un d'autre."),
        _lazy("Choisissez-en un autre dans la liste."),
        409,
    ),
    "unknown_bed": Refusal(
        _lazy("Lit d'une autre unité"),
        _lazy("Ce lit n'est pas dans cette unité."),
        _lazy("Choisissez l'unité, puis un de ses lits."),
        422,
    ),
    "unknown_unit": Refusal(
        _lazy("Unité d'un autre site"),
        _lazy("Cette unité n'est pas de votre site."),
        _lazy("Choisissez-en une dans la liste."),
        422,
    ),
    "not_received_here": Refusal(
        _lazy("Personne inconnue"),
        _lazy("Cette personne ne reçoit pas dans cette unité."),
        _lazy("Choisissez-en une dans la liste, ou « toute l'équipe »."),
        422,
    ),
    "past": Refusal(
        _lazy("Heure passée"),
        _lazy("Cette heure est passée."),
        _lazy("Donnez une heure à venir, par exemple 24/11/2026 14:30."),
        422,
    ),
    "too_far": Refusal(
        _lazy("Date trop lointaine"),
        _lazy("Un rendez-vous se donne deux ans à l'avance au plus."),
        _lazy("Vérifiez l'année."),
        422,
    ),
    "wish_too_far": Refusal(
        _lazy("Date trop lointaine"),
        _lazy("Un examen se demande trente jours à l'avance au plus."),
        _lazy("Vérifiez la date, ou donnez un rendez-vous."),
        422,
    ),
    "unknown_receiver": Refusal(
        _lazy("Destinataire inconnu"),
        _lazy("Cette unité ne reçoit pas de demandes de cette sorte ; rien n'a été demandé."),
        _lazy("Choisissez-en une dans la liste."),
        422,
    ),
    "told_already": Refusal(
        _lazy("Déjà enregistré"),
        _lazy("Quelqu'un a déjà dit ce qu'il en est de cet examen ; rien n'a été changé."),
        _lazy("Rechargez la page pour voir où il en est."),
        409,
    ),
    "unknown_appointment": Refusal(
        _lazy("Rendez-vous inconnu"),
        _lazy("Ce rendez-vous n'est pas de ce patient."),
        _lazy("Revenez à ses rendez-vous."),
        409,
    ),
    "changed_already": Refusal(
        _lazy("Déjà enregistré"),
        _lazy("Quelqu'un a déjà dit ce qu'il en est de ce rendez-vous ; rien n'a été changé."),
        _lazy("Rechargez la page pour voir son état."),
        409,
    ),
    "not_yet": Refusal(
        _lazy("Pas encore l'heure"),
        _lazy(
            "Ce rendez-vous n'a pas commencé : on ne peut dire ni qu'il est honoré, ni que la personne n'est pas venue."
        ),
        _lazy("Annulez-le s'il n'aura pas lieu."),
        409,
    ),
    "same_place": Refusal(
        _lazy("Même place"),
        _lazy("La personne est déjà dans cette unité et à cette place."),
        _lazy("Choisissez une autre unité ou un autre lit."),
        422,
    ),
    "unit_full": Refusal(
        _lazy("Unité pleine"),
        _lazy("Cette unité compte déjà plus de présents que ses lits ne le permettent."),
        _lazy("Choisissez une autre unité, ou faites enregistrer les sorties de celle-ci."),
        409,
    ),
    "not_resident": Refusal(
        _lazy("Référent d'un autre établissement"),
        _lazy("Cette personne ne travaille pas dans l'unité où réside ce patient."),
        _lazy("Choisissez un professionnel de cette unité."),
        422,
    ),
    "own_record": Refusal(
        _lazy("Votre propre dossier"),
        _lazy("Votre compte n'ouvre pas votre dossier de patient ; la demande est inscrite."),
        _lazy("Demandez-en copie comme tout patient, à votre médecin ou au service des admissions."),
        403,
    ),
    "sheet_not_needed": Refusal(
        _lazy("L'accès d'urgence est ouvert"),
        _lazy("La fiche d'urgence sert à partir du sixième accès du jour, quand personne n'est là."),
        _lazy("Confirmez l'accès d'urgence avec votre clé : tout le dossier s'ouvre."),
        409,
    ),
    "plan_already": Refusal(
        _lazy("Plan blanc déjà en cours"),
        _lazy("Un plan blanc est déjà déclaré sur ce site."),
        _lazy("Rien à faire : il finit de lui-même, ou une personne le termine."),
        409,
    ),
    "no_plan": Refusal(
        _lazy("Aucun plan blanc"),
        _lazy("Aucun plan blanc n'est en cours sur ce site."),
        _lazy("Rechargez la page."),
        409,
    ),
    "not_your_site": Refusal(
        _lazy("Autre établissement"),
        _lazy("Votre fonction d'administrateur ne couvre pas cet établissement ; rien n'a été fait, c'est inscrit."),
        _lazy("Demandez à l'administrateur de cet établissement, ou à celui du groupe."),
        403,
    ),
    "mandate_end": Refusal(
        _lazy("Fin du mandat"),
        _lazy("Un mandat finit après aujourd'hui et dans trois mois au plus."),
        _lazy("Choisissez une autre date."),
        422,
    ),
    "commission_pace": Refusal(
        _lazy("Dix dossiers par jour"),
        _lazy("Votre mandat a déjà ouvert dix patients aujourd'hui."),
        _lazy("Continuez demain, ou demandez au médecin responsable de vous faire entrer dans l'équipe."),
        429,
    ),
    "fresh_factor": Refusal(
        _lazy("Confirmez que c'est vous"),
        _lazy(
            "Plus de personnes que d'habitude ont été consultées par vous, ou sur ce site : rien de plus n'est montré."
        ),
        _lazy(
            "Confirmez avec votre clé et la consultation reprend ; les soins et l'accès d'urgence ne sont pas touchés."
        ),
        403,
    ),
    "counters_lost": Refusal(
        _lazy("Recherche momentanément fermée"),
        _lazy("Le gardien recompte les consultations du jour : seuls vos patients s'ouvrent pendant ce temps."),
        _lazy("Réessayez dans une minute ; l'accès d'urgence reste ouvert."),
        503,
    ),
    "print_pace": Refusal(
        _lazy("Trop de dossiers imprimés"),
        _lazy("Beaucoup de dossiers ont été imprimés en peu de temps par ce compte ; celui-ci ne l'a pas été."),
        _lazy("Il reste lisible à l'écran. Attendez une minute, ou demandez à un collègue d'imprimer la suite."),
        429,
    ),
    "links_pace": Refusal(
        _lazy("Trop de prises en charge ouvertes"),
        _lazy("Vous avez ouvert en peu de temps plus de prises en charge que ce travail n'en demande."),
        _lazy("Attendez quelques minutes, ou demandez à un collègue de continuer."),
        429,
    ),
    "already_in": Refusal(
        _lazy("Déjà en séjour"),
        _lazy("Cette personne est déjà admise ; aucune autre admission n'a été écrite."),
        _lazy("Rechargez la page : on peut la déplacer ou enregistrer sa sortie."),
        409,
    ),
    "not_in": Refusal(
        _lazy("Aucun séjour en cours"),
        _lazy("Cette personne n'est plus en séjour ; rien n'a été écrit."),
        _lazy("Rechargez la page pour voir où elle en est."),
        409,
    ),
    "future": Refusal(
        _lazy("Date dans l'avenir"),
        _lazy("Cette date est dans l'avenir."),
        _lazy("Écrivez le moment où cela s'est passé."),
        422,
    ),
    "too_old": Refusal(
        _lazy("Date trop ancienne"),
        _lazy("Une admission s'écrit dans les trente jours."),
        _lazy("Vérifiez la date."),
        422,
    ),
    "before_admission": Refusal(
        _lazy("Dates dans le désordre"),
        _lazy("Cette sortie précède l'entrée."),
        _lazy("Vérifiez la date et l'heure."),
        422,
    ),
    "before_birth": Refusal(
        _lazy("Dates dans le désordre"),
        _lazy("Cette entrée précède la naissance."),
        _lazy("Vérifiez la date et l'heure."),
        422,
    ),
    "keeper_down": Refusal(
        _lazy("Momentanément impossible"),
        _lazy("Le gardien des clés ne répond pas ; rien n'a été ouvert."),
        _lazy("Réessayez dans quelques secondes."),
        503,
    ),
    "psc_refused": Refusal(
        _lazy("Identité non confirmée"),
        _lazy("Pro Santé Connect n'a pas confirmé votre identité ici ; personne n'a été connecté."),
        _lazy("Recommencez depuis la page de connexion ; sinon, connectez-vous avec votre clé."),
    ),
    "psc_unknown": Refusal(
        _lazy("RPPS inconnu ici"),
        _lazy("Pro Santé Connect vous a reconnu, mais aucun compte en activité ici ne porte votre numéro RPPS."),
        _lazy("Connectez-vous avec votre clé ; un administrateur peut inscrire votre RPPS à l'annuaire."),
    ),
    "psc_down": Refusal(
        _lazy("Pro Santé Connect ne répond pas"),
        _lazy("Pro Santé Connect est momentanément injoignable ; personne n'a été connecté."),
        _lazy("Connectez-vous avec votre clé, ou réessayez dans quelques minutes."),
        503,
    ),
    "rescue_refused": Refusal(
        _lazy("Code refusé"),
        _lazy("Ce nom de compte et ce code n'ouvrent pas de session de secours ; personne n'a été connecté."),
        _lazy(
            "Attendez le code suivant et recommencez ; sinon, faites ouvrir la session de secours par un responsable."
        ),
    ),
    "rescue_tries": Refusal(
        _lazy("Trop d'essais"),
        _lazy("Trop de codes ont été essayés pour ce compte ; la session de secours attend."),
        _lazy("Recommencez dans un quart d'heure. Une clé, elle, ouvre à tout moment."),
        429,
    ),
    "rescue_closed": Refusal(
        _lazy("Fermé en session de secours"),
        _lazy("Une session de secours ne fait ni accès d'urgence, ni approbation, ni changement d'équipe."),
        _lazy("Demandez-le à un collègue qui a sa clé, ou reconnectez-vous avec la vôtre."),
    ),
    "rescue_list": Refusal(
        _lazy("Un patient à la fois"),
        _lazy("Une session de secours n'ouvre pas de liste : elle ouvre vos patients un par un."),
        _lazy("Choisissez un lit depuis « Lits », ou cherchez par nom, prénom et date de naissance."),
    ),
    "rescue_quarter": Refusal(
        _lazy("Dix patients par quart d'heure"),
        _lazy("Vous avez ouvert dix patients en un quart d'heure avec une session de secours ; celui-ci reste fermé."),
        _lazy("Attendez quelques minutes, ou demandez à un collègue : ceux que vous avez ouverts le restent."),
        429,
    ),
    "rescue_day": Refusal(
        _lazy("Limite du jour atteinte"),
        _lazy("Votre session de secours a ouvert autant de patients qu'une journée de votre profession en demande."),
        _lazy(
            "Ceux que vous avez ouverts le restent ; pour un autre, voyez un collègue, ou faites remplacer votre clé."
        ),
        429,
    ),
    "not_in_rescue": Refusal(
        _lazy("Session ordinaire"),
        _lazy("Cette page n'est que pour une session de secours : la vôtre ouvre toutes vos listes."),
        _lazy("Revenez à votre journée."),
    ),
    "no_rescue": Refusal(
        _lazy("Rien à fermer"),
        _lazy("Aucune session de secours n'est ouverte pour cette personne."),
        _lazy("Revenez à la liste."),
        409,
    ),
    "not_a_witness": Refusal(
        _lazy("Témoin refusé"),
        _lazy(
            "Le collègue qui confirme est une autre personne, du site de celle que vous secourez ; rien n'a été ouvert."
        ),
        _lazy("Demandez à un collègue présent de poser sa clé."),
    ),
    "bad_request": Refusal(
        _lazy("Demande mal formée"),
        _lazy("La demande n'a pas été comprise ; rien n'a été lu ni écrit."),
        _lazy("Revenez à la page précédente et recommencez."),
        400,
    ),
}

_UNKNOWN = Refusal(
    _lazy("Accès refusé"),
    _lazy("Cette demande a été refusée ; rien n'a été lu."),
    _lazy("Revenez à votre unité ; si vous en avez besoin pour un soin, appelez le cadre de l'unité."),
)


def refusal(code: str) -> Refusal:
    """The words for a refusal code."""
    return REFUSALS.get(code, _UNKNOWN)
