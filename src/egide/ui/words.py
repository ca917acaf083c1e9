"""The French words for the codes that pages show: professions, grades, identity status, purposes, bases, categories.

Wording follows the glossary (équipe de soins, médecin responsable du séjour, clé, constantes).
"""

from collections.abc import Mapping

from egide.ui import words_examinations, words_trail
from egide.ui.text import _, _lazy

PROFESSIONS = {
    "physician": _lazy("médecin"),
    "midwife": _lazy("sage-femme"),
    "intern": _lazy("interne"),
    "nurse": _lazy("infirmier(ère)"),
    "care_assistant": _lazy("aide-soignant(e)"),
    "physiotherapist": _lazy("masseur-kinésithérapeute"),
    "psychologist": _lazy("psychologue"),
    "dietician": _lazy("diététicien(ne)"),
    "social_worker": _lazy("assistant(e) de service social"),
    "medical_secretary": _lazy("secrétaire médical(e)"),
    "student": _lazy("étudiant(e)"),
    "admission_clerk": _lazy("agent des admissions"),
    "switchboard": _lazy("standard"),
    "pharmacist": _lazy("pharmacien(ne)"),
    "laboratory": _lazy("laboratoire"),
    "imaging": _lazy("imagerie"),
    "dim": _lazy("DIM"),
    "billing": _lazy("facturation"),
    "porter": _lazy("brancardier(ère)"),
    "identity_cell": _lazy("cellule d'identitovigilance"),
    "dpo": _lazy("délégué(e) à la protection des données"),
    "rssi": _lazy("responsable de la sécurité (RSSI)"),
    "administrator": _lazy("administrateur(rice)"),
    "application": _lazy("application"),
}

GRADES = {
    "strong": _lazy("fort"),
    "fort": _lazy("fort"),
    "rescue": _lazy("secours"),
    "secours": _lazy("secours"),
    "psc": _lazy("Pro Santé Connect"),
    "demo": _lazy("démo"),
    "application": _lazy("application"),
}

IDENTITY_STATUS = {
    "provisoire": _lazy("provisoire"),
    "recuperee": _lazy("récupérée"),
    "validee": _lazy("validée"),
    "qualifiee": _lazy("qualifiée"),
}

PURPOSES = {
    "care": _lazy("soins"),
    "unit_list": _lazy("liste de l'unité"),
    "emergency": _lazy("accès d'urgence"),
    "admission": _lazy("admission"),
    "arrival": _lazy("accueil"),
    "import": _lazy("reprise de données"),
    "demo": _lazy("démonstration"),
    "break_glass": _lazy("accès d'urgence"),
    "access_review": _lazy("contrôle des accès"),
    "access_copy": _lazy("copie des accès, sans noms"),
    "access_copy_names": _lazy("copie des accès, avec noms"),
    "my_day": _lazy("ma journée"),
    "agenda": _lazy("rendez-vous"),
    "sheet": _lazy("fiche d'urgence"),
    "commission": _lazy("commission"),
    "plan_blanc": _lazy("plan blanc"),
    "ceiling": _lazy("plafond du gardien"),
    "work_list": _lazy("liste de travail"),
    "palette": _lazy("barre de recherche : mes patients"),
    "contact": _lazy("coordonnées"),
    "contact_phone": _lazy("téléphone affiché"),
    "contact_email": _lazy("adresse électronique affichée"),
    "contact_address": _lazy("adresse affichée"),
    "contact_ins": _lazy("matricule INS affiché"),
    "present": _lazy("présents du site"),
    "print": _lazy("impression"),
    "search": _lazy("recherche"),
    "oversight": _lazy("surveillance"),
    "draw": _lazy("tirage mensuel"),
    "review": _lazy("relecture"),
}

# One contact of a person, and the purpose of an opening that shows it.
CONTACT_KINDS = {
    "phone": _lazy("téléphone"),
    "email": _lazy("adresse électronique"),
    "address": _lazy("adresse"),
    "ins": _lazy("matricule INS"),
}

BASES = {
    "stay": _lazy("séjour dans l'unité"),
    "appointment": _lazy("rendez-vous"),
    "attending": _lazy("suites de sortie"),
    "residence": _lazy("résidence"),
    "transfer": _lazy("transfert annoncé"),
    "team": _lazy("équipe de soins"),
    "secretariat": _lazy("secrétariat de l'équipe de soins"),
    "delegation": _lazy("délégation"),
    "referring": _lazy("médecin déclaré par le patient"),
    "advice": _lazy("demande d'avis"),
    "work_list": _lazy("liste de travail"),
    "commission_infection": _lazy("commission : risque infectieux"),
    "commission_identity": _lazy("commission : identitovigilance"),
    "commission_quality": _lazy("commission : qualité"),
    "break_glass": _lazy("accès d'urgence"),
    "sheet": _lazy("fiche d'urgence"),
    "arrival": _lazy("accueil"),
    "application": _lazy("application du site"),
    "new": _lazy("création"),
    "oversight": _lazy("surveillance"),
    "search": _lazy("recherche"),
    "present": _lazy("présents du site"),
}

WORK_LISTS = {
    "reconcile": _lazy("Conciliation des traitements à l'entrée"),
    "billing": _lazy("Dossier de facturation à ouvrir"),
    "coding": _lazy("Séjour terminé, à coder"),
    "sample": _lazy("Prélèvement à analyser"),
    "image": _lazy("Examen d'imagerie à faire"),
}

# What a line of the trail is, and why one was refused or asked: as DPO and RSSI read them.
TRAIL_KINDS = {
    "open": _lazy("ouverture"),
    "open_new": _lazy("création ou reprise"),
    "refuse": _lazy("refus"),
    "break_glass": _lazy("accès d'urgence"),
    "search": _lazy("recherche"),
    "act": _lazy("acte"),
    "link": _lazy("prise en charge"),
    "join_team": _lazy("demande à rejoindre l'équipe"),
    "trail_read": _lazy("lecture de la trace"),
    "draw": _lazy("tirage mensuel"),
    "words": _lazy("lecture d'un motif"),
    "review": _lazy("relecture"),
    "sign_in": _lazy("connexion"),
    "sign_in_refused": _lazy("connexion refusée"),
    "application_sign_in": _lazy("connexion d'une application"),
    "keys": _lazy("acte sur les clés"),
    "sign_out": _lazy("déconnexion"),
    "lock": _lazy("session verrouillée"),
    "station": _lazy("poste de travail"),
    "reopen": _lazy("session rouverte"),
    "revoke": _lazy("session fermée"),
    "enrol": _lazy("clé enregistrée"),
    "grant": _lazy("profession donnée"),
    "person": _lazy("compte d'une personne"),
    "key": _lazy("clé remise ou perdue"),
    "duty": _lazy("responsabilité"),
    "approval": _lazy("accord donné à un acte"),
    "shift": _lazy("prise de poste"),
    "open_rescue": _lazy("session de secours ouverte"),
    "close_rescue": _lazy("session de secours fermée"),
    "sweep": _lazy("balayage des jetons sans personne"),
    "work": _lazy("travail fait ou écarté"),
    "alarm": _lazy("alarme"),
    "plan_blanc": _lazy("plan blanc"),
    "mandate": _lazy("mandat de commission"),
    "watch": _lazy("vigilance"),
}

TRAIL_REASONS = {
    "no_link": _lazy("hors de l'équipe de soins"),
    "not_your_unit": _lazy("autre unité"),
    "category_closed": _lazy("fermé à la profession"),
    "budget": _lazy("nombre dépassé"),
    "session_ended": _lazy("session terminée"),
    "session_frozen": _lazy("session suspendue"),
    "session_locked": _lazy("session verrouillée"),
    "lock_asked": _lazy("par la personne"),
    "lock_idle": _lazy("poste laissé seul"),
    "lock_change": _lazy("changement d'utilisateur"),
    "by_touch": _lazy("clé touchée sur un poste du site"),
    "by_verification": _lazy("clé avec code ou empreinte"),
    "station_full": _lazy("trop de sessions sur un poste : la plus ancienne finit"),
    "station_ended": _lazy("poste retiré"),
    "key_renewed": _lazy("clé des sessions renouvelée"),
    "begun_anew": _lazy("nouvelle session au même poste"),
    "forged_station": _lazy("poste de travail contrefait"),
    "verification_needed": _lazy("clé touchée là où il faut code ou empreinte"),
    "forged_session": _lazy("session contrefaite"),
    "search_closed": _lazy("recherche fermée à la profession"),
    "rescue_closed": _lazy("fermé en session de secours"),
    "rescue_list": _lazy("liste demandée en session de secours"),
    "rescue_quarter": _lazy("plus de dix patients par quart d'heure en secours"),
    "rescue_day": _lazy("plus d'une journée de patients en secours"),
    "rescue_refused": _lazy("code de secours refusé"),
    "rescue_replayed": _lazy("code de secours rejoué"),
    "rescue_tries": _lazy("trop de codes de secours essayés"),
    "rescue_forged": _lazy("session de secours contrefaite"),
    "search_rescue": _lazy("recherche fermée en session de secours"),
    "key_lost": _lazy("clé perdue"),
    "key_stolen": _lazy("clé volée"),
    "key_broken": _lazy("clé hors d'usage"),
    "key_forgotten": _lazy("clé oubliée"),
    "psc_refused": _lazy("jeton de Pro Santé Connect refusé"),
    "psc_unknown": _lazy("RPPS inconnu ici"),
    "bad_assertion": _lazy("clé refusée"),
    "office_and_care": _lazy("administrateur, DPO ou RSSI voulant une profession de soin"),
    "same_person": _lazy("même personne deux fois"),
    "same_station": _lazy("même poste deux fois"),
    "same_pair": _lazy("même paire trop souvent"),
    "not_your_key": _lazy("clé d'un autre"),
    "bad_code": _lazy("code de clé faux"),
    "code_ended": _lazy("code de clé périmé"),
    "no_user_verification": _lazy("clé sans code ni empreinte"),
    "challenge_ended": _lazy("défi périmé"),
    "known_key": _lazy("clé déjà connue"),
    "software_key": _lazy("clé logicielle"),
    "act_ended": _lazy("acte périmé"),
    "act_closed": _lazy("acte d'autrui"),
    "search_first": _lazy("sans recherche préalable"),
    "arrival_pace": _lazy("trop d'accueils à la suite"),
    "own_record": _lazy("son propre dossier"),
    "sheet_not_needed": _lazy("fiche d'urgence avant le sixième accès"),
    "colleague_refused": _lazy("seconde personne non admise"),
    "concerns_you": _lazy("acte qui la concerne elle-même"),
    "homonym": _lazy("homonymes à distinguer"),
    "possible_duplicate": _lazy("doublon supposé"),
    "doubtful_identity": _lazy("identité douteuse"),
    "not_your_site": _lazy("hors des établissements de l'administrateur"),
    "mandate_end": _lazy("fin de mandat trop lointaine ou passée"),
    "commission_pace": _lazy("trop de dossiers au titre de la commission"),
    "plan_already": _lazy("plan blanc déjà en cours"),
    "fresh_factor": _lazy("plafond du gardien : confirmation demandée"),
    "counters_lost": _lazy("plafond du gardien : comptes perdus"),
    "ceiling": _lazy("plafond approché"),
    "not_concerned": _lazy("sans objet"),
    "done_elsewhere": _lazy("fait ailleurs"),
    "duplicate": _lazy("déjà dans la liste"),
    "links_pace": _lazy("trop de prises en charge ouvertes"),
    "print_pace": _lazy("trop de dossiers imprimés"),
    "platform_shift": _lazy("poste non déclarable en plateau technique"),
    "vital_emergency": _lazy("urgence vitale"),
    "patient_arrives": _lazy("le patient arrive"),
    "on_call": _lazy("garde ou astreinte"),
    "continuity": _lazy("continuité des soins"),
    "other": _lazy("autre"),
    "patient_request": _lazy("demande du patient"),
    "complaint": _lazy("plainte ou réclamation"),
    "incident": _lazy("incident de sécurité"),
    "authority": _lazy("demande d'une autorité"),
}

CATEGORIES = {
    "identity": _lazy("identité"),
    "contact": _lazy("coordonnées"),
    "ins": _lazy("INS"),
    "stay": _lazy("séjour"),
    "coding": _lazy("codage"),
    "clinical": _lazy("données de soins"),
    "protected": _lazy("données restreintes"),
}

ALLERGY_SEVERITY = {
    "mild": _lazy("légère"),
    "moderate": _lazy("modérée"),
    "severe": _lazy("grave"),
}

# What an administrator or a cadre does to an account, and what its line of the trail says.
ACTS = {
    "create_person": _lazy("Créer une personne"),
    "grant": _lazy("Donner une profession ou une unité"),
    "end_membership": _lazy("Mettre fin à une profession"),
    "end_person": _lazy("Départ : fermer le compte"),
    "suspend": _lazy("Suspendre le compte"),
    "reinstate": _lazy("Rétablir le compte"),
    "lose_key": _lazy("Clé perdue : tout fermer"),
    "hand_key": _lazy("Remettre une clé"),
    "appoint": _lazy("Donner une responsabilité"),
    "dismiss": _lazy("Mettre fin à une responsabilité"),
    "enrol_station": _lazy("Enrôler un poste de travail"),
    "end_station": _lazy("Retirer un poste de travail"),
    "call_off": _lazy("Annuler ce qui n'a pas commencé"),
    "plan_blanc": _lazy("Déclarer un plan blanc"),
    "commission": _lazy("Donner un mandat de commission"),
}

PERSON_LINES = {
    "person_created": _lazy("compte créé"),
    "person_suspended": _lazy("compte suspendu"),
    "person_reinstated": _lazy("compte rétabli"),
    "person_ended": _lazy("compte fermé"),
    "grant_ok": _lazy("profession donnée"),
    "grant_granted": _lazy("profession donnée"),
    "grant_ended": _lazy("profession terminée"),
    "grant_called_off": _lazy("profession annulée avant son début"),
    "duty_granted": _lazy("responsabilité donnée"),
    "duty_ended": _lazy("responsabilité terminée"),
    "duty_called_off": _lazy("responsabilité annulée avant son début"),
    "key_handed": _lazy("code remis pour une clé"),
    "key_lost": _lazy("clé déclarée perdue"),
    "enrol_ok": _lazy("clé posée"),
}

# Why this person may not sign an act that she may read.
WHY_NOT = {
    "same_person": _lazy("Vous l'avez déjà signé : il faut une autre personne."),
    "same_station": _lazy("Cet acte a été signé sur ce poste : ouvrez-le sur un autre poste."),
    "same_pair": _lazy(
        "Vous deux avez approuvé beaucoup d'actes l'un de l'autre aujourd'hui : demandez à quelqu'un d'autre."
    ),
    "concerns_you": _lazy("Cet acte vous concerne : une autre personne le signe."),
    "category_closed": _lazy("Votre fonction ne signe pas cet acte."),
    "act_ended": _lazy("Cet acte se signe dans la session qui l'a demandé, ou son délai est passé."),
}

# What a person is told about an account: hers ("vous"), or another's, named after it.
ACCOUNT_NOTICES = {
    "alarm": _lazy("Refusé : droit de soin demandé pour un administrateur, ou acte sur soi-même"),
    "office_granted": _lazy("Droit d'administrateur, DPO, RSSI ou garde accordé : il commence dans 24 heures"),
    "person_created": _lazy("Compte créé"),
    "person_ended": _lazy("Compte fermé"),
    "granted": _lazy("Profession ou unité donnée"),
    "membership_ended": _lazy("Profession ou unité terminée"),
    "suspended": _lazy("Compte suspendu"),
    "reinstated": _lazy("Compte rétabli"),
    "appointed": _lazy("Responsabilité donnée"),
    "dismissed": _lazy("Responsabilité terminée"),
    "called_off": _lazy("Droit annulé avant son début"),
    "key_lost": _lazy("Clés et sessions fermées : clé déclarée perdue"),
    "key_handed": _lazy("Un code a été remis pour poser une clé"),
    "key_enrolled": _lazy("Une clé a été posée"),
    "session_copied": _lazy("Une demande de votre session est arrivée deux fois"),
    "act_refused": _lazy("Votre demande a été refusée"),
}

# What the record holds, and the sections of what is written in it.
FACTS = {
    "note": _lazy("Note"),
    "transmission": _lazy("Transmission ciblée"),
    "measurement": _lazy("Constantes"),
    "problem": _lazy("Problème"),
    "allergy": _lazy("Allergie"),
}

SECTIONS = {
    "motive": _lazy("Motif"),
    "history": _lazy("Histoire"),
    "examination": _lazy("Examen"),
    "conclusion": _lazy("Conclusion"),
    "plan": _lazy("Conduite à tenir"),
    "observation": _lazy("Observation"),
    "care": _lazy("Soins faits"),
    "assessment": _lazy("Bilan"),
    "session": _lazy("Séance"),
    "target": _lazy("Cible"),
    "data": _lazy("Données"),
    "actions": _lazy("Actions"),
    "results": _lazy("Résultats"),
}

PROBLEM_KINDS = {
    "problem": _lazy("Problème actuel"),
    "medical": _lazy("Antécédent médical"),
    "surgical": _lazy("Antécédent chirurgical"),
    "obstetric": _lazy("Antécédent gynéco-obstétrical"),
    "family": _lazy("Antécédent familial"),
    "habit": _lazy("Mode de vie"),
}

CONTACT_PEOPLE = {
    "trusted": _lazy("Personne de confiance"),
    "notify": _lazy("Personne à prévenir"),
    "guardian": _lazy("Représentant légal"),
}

DIRECTIVES = {
    "written": _lazy("Rédigées"),
    "none": _lazy("N'en a pas rédigé"),
    "unwilling": _lazy("Ne souhaite pas en parler"),
}

MEASURE_GROUPS = {
    "circulation": _lazy("Circulation"),
    "breathing": _lazy("Respiration"),
    "consciousness": _lazy("Conscience"),
    "pain_and_risk": _lazy("Douleur, risques, autonomie"),
    "metabolism": _lazy("Biologie au lit, corpulence"),
    "birth": _lazy("Naissance"),
    "intake": _lazy("Entrées"),
    "output": _lazy("Sorties"),
}

# Measured parameters by the name that `kernel.codes` and `record.rules` give them, which stays the key.
MEASURES = {
    "TA systolique": _lazy("TA systolique"),
    "TA diastolique": _lazy("TA diastolique"),
    "Pouls": _lazy("Pouls"),
    "Température": _lazy("Température"),
    "SpO₂": _lazy("SpO₂"),
    "Fréquence respiratoire": _lazy("Fréquence respiratoire"),
    "Poids": _lazy("Poids"),
    "Taille": _lazy("Taille"),
    "Douleur (EN)": _lazy("Douleur (EN)"),
    "TA moyenne": _lazy("TA moyenne"),
    "Pression veineuse centrale": _lazy("Pression veineuse centrale"),
    "Temps de recoloration": _lazy("Temps de recoloration"),
    "Rythme cardiaque fœtal": _lazy("Rythme cardiaque fœtal"),
    "Mollet droit": _lazy("Mollet droit"),
    "Mollet gauche": _lazy("Mollet gauche"),
    "Débit d'oxygène": _lazy("Débit d'oxygène"),
    "FiO₂": _lazy("FiO₂"),
    "Débit de pointe": _lazy("Débit de pointe"),
    "EtCO₂": _lazy("EtCO₂"),
    "Débit de pointe à la toux": _lazy("Débit de pointe à la toux"),
    "Glasgow": _lazy("Glasgow"),
    "Glasgow, yeux": _lazy("Glasgow, yeux"),
    "Glasgow, parole": _lazy("Glasgow, parole"),
    "Glasgow, motricité": _lazy("Glasgow, motricité"),
    "Pression intracrânienne": _lazy("Pression intracrânienne"),
    "Sédation (EDS)": _lazy("Sédation (EDS)"),
    "MMSE": _lazy("MMSE"),
    "Pupille droite": _lazy("Pupille droite"),
    "Pupille gauche": _lazy("Pupille gauche"),
    "Douleur (Algoplus)": _lazy("Douleur (Algoplus)"),
    "Douleur (Doloplus)": _lazy("Douleur (Doloplus)"),
    "Douleur (BPS)": _lazy("Douleur (BPS)"),
    "Douleur (Evendol)": _lazy("Douleur (Evendol)"),
    "Escarre (Braden)": _lazy("Escarre (Braden)"),
    "Escarre (Norton)": _lazy("Escarre (Norton)"),
    "Chute (Morse)": _lazy("Chute (Morse)"),
    "Autonomie (ADL de Katz)": _lazy("Autonomie (ADL de Katz)"),
    "GIR": _lazy("GIR"),
    "NEWS2": _lazy("NEWS2"),
    "Glycémie capillaire": _lazy("Glycémie capillaire"),
    "Cétonémie capillaire": _lazy("Cétonémie capillaire"),
    "Hémoglobine (capillaire)": _lazy("Hémoglobine (capillaire)"),
    "INR (capillaire)": _lazy("INR (capillaire)"),
    "IMC": _lazy("IMC"),
    "Tour de taille": _lazy("Tour de taille"),
    "Périmètre crânien": _lazy("Périmètre crânien"),
    "Périmètre brachial": _lazy("Périmètre brachial"),
    "Hauteur utérine": _lazy("Hauteur utérine"),
    "Apgar à 1 min": _lazy("Apgar à 1 min"),
    "Apgar à 5 min": _lazy("Apgar à 5 min"),
    "Boissons": _lazy("Boissons"),
    "Perfusions": _lazy("Perfusions"),
    "Nutrition entérale": _lazy("Nutrition entérale"),
    "Produits sanguins": _lazy("Produits sanguins"),
    "Diurèse": _lazy("Diurèse"),
    "Drains": _lazy("Drains"),
    "Aspiration gastrique": _lazy("Aspiration gastrique"),
    "Vomissements": _lazy("Vomissements"),
    "Selles, stomie": _lazy("Selles, stomie"),
    "Volume vésical": _lazy("Volume vésical"),
    "Douleur": _lazy("Douleur"),
    "TA": _lazy("TA"),
    "FR": _lazy("FR"),
    "T": _lazy("T"),
}

# Codes of `?fil=`: what the timeline shows.
FILTERS = {
    "": _lazy("Tout"),
    "constantes": _lazy("Mesures"),
    "notes": _lazy("Notes"),
    "transmissions": _lazy("Transmissions"),
    "problemes": _lazy("Problèmes, allergies"),
    "sejour": _lazy("Séjour"),
    "traitements": _lazy("Traitements"),
    "administrations": _lazy("Doses données"),
    "vaccinations": _lazy("Vaccinations"),
    "actes": _lazy("Actes"),
    "documents": _lazy("Documents"),
    "examens": _lazy("Examens"),
    "moi": _lazy("De moi"),
}

# What other systems told: kinds, their genres on the pages, the source's status codes (empty: nothing to say).
IMPORTED_KINDS = {
    "prescription": _lazy("Prescrit ailleurs"),
    "statement": _lazy("Traitement déclaré"),
    "administration": _lazy("Dose donnée"),
    "vaccination": _lazy("Vaccination"),
    "act": _lazy("Acte"),
    "document": _lazy("Document"),
}

IMPORTED_STATES: dict[str, object] = {
    "": "",
    "unknown": "",
    "current": "",
    "active": _lazy("en cours"),
    "in-progress": _lazy("en cours"),
    "intended": _lazy("prévu"),
    "completed": _lazy("terminé"),
    "stopped": _lazy("arrêté"),
    "on-hold": _lazy("suspendu"),
    "superseded": _lazy("remplacé"),
}

IMPORTED_DETAILS = {
    "dose": _lazy("Dose"),
    "rate": _lazy("Débit"),
    "route": _lazy("Voie"),
    "rhythm": _lazy("Rythme"),
    "method": _lazy("Méthode"),
    "as_needed": _lazy("Si besoin"),
    "site": _lazy("Site"),
    "lot": _lazy("Lot"),
    "rank": _lazy("Rang"),
    "maker": _lazy("Fabricant"),
    "category": _lazy("Catégorie"),
    "outcome": _lazy("Issue"),
    "by": _lazy("Par"),
    "title": _lazy("Titre"),
    "text": _lazy("Précisions"),
    "elsewhere": _lazy("Contenu resté à la source"),
}

# FHIR types of what is kept aside; others are shown by their own name.
RESOURCE_TYPES = {
    "Observation": _lazy("Observations"),
    "MedicationDispense": _lazy("Délivrances"),
    "MedicationRequest": _lazy("Prescriptions"),
    "MedicationAdministration": _lazy("Doses données"),
    "MedicationStatement": _lazy("Traitements déclarés"),
    "Specimen": _lazy("Prélèvements"),
    "Encounter": _lazy("Passages"),
    "Condition": _lazy("Problèmes"),
    "AllergyIntolerance": _lazy("Allergies"),
    "Procedure": _lazy("Actes"),
    "Immunization": _lazy("Vaccinations"),
    "DocumentReference": _lazy("Documents"),
    "DiagnosticReport": _lazy("Comptes rendus d'examens"),
    "ImagingStudy": _lazy("Examens d'imagerie"),
    "CarePlan": _lazy("Plans de soins"),
    "Goal": _lazy("Objectifs"),
    "Claim": _lazy("Demandes de paiement"),
    "ExplanationOfBenefit": _lazy("Décomptes de paiement"),
    "Patient": _lazy("Identité"),
}

KEPT_REASONS = {
    "type": _lazy("sans place dans le dossier"),
    "code": _lazy("mesure inconnue ici"),
    "no_value": _lazy("sans valeur chiffrée"),
    "unit": _lazy("unité inconnue"),
    "range": _lazy("valeur hors du possible"),
    "comparator": _lazy("valeur bornée, non mesurée"),
    "no_date": _lazy("sans date"),
    "no_code": _lazy("sans nom"),
    "status": _lazy("annulé, prévu, provisoire ou erreur"),
    "refuted": _lazy("réfuté ou erreur"),
    "ended": _lazy("allergie terminée"),
    "no_known": _lazy("« pas d'allergie connue »"),
    "part_of": _lazy("à l'intérieur d'un séjour"),
    "several_open": _lazy("un séjour plus récent dure aussi"),
    "same_problem": _lazy("problème déjà au dossier"),
    "restricted": _lazy("restreint par sa source"),
    "repeated": _lazy("autre version"),
    "patient_absent": _lazy("arrivé avant le patient"),
    "no_birth": _lazy("arrivé sans date de naissance"),
}

RESTRICTIONS = {
    "opposition": _lazy("opposition du patient"),
    "psychiatry": _lazy("psychiatrie"),
    "sensitive": _lazy("autre information sensible"),
}

RESTRICTION_ACTS = {
    "restrict": _lazy("Restreint"),
    "release": _lazy("Restriction levée"),
}

APPOINTMENTS = {
    "booked": _lazy("réservé"),
    "arrived": _lazy("arrivé"),
    "kept": _lazy("honoré"),
    "cancelled": _lazy("annulé"),
    "missed": _lazy("non venu"),
}
APPOINTMENT_ACTS = {
    "arrived": _lazy("Est arrivé"),
    "kept": _lazy("A été reçu"),
    "missed": _lazy("N'est pas venu"),
    "cancelled": _lazy("Annuler"),
}

# The sentence shown once after an act: the redirect carries the code (`?fait=…`), never words or traits.
DONE = {
    "constantes": _lazy("Constantes enregistrées."),
    "releve": _lazy("Relevé enregistré."),
    "volumes": _lazy("Volumes enregistrés."),
    "note": _lazy("Note signée."),
    "probleme": _lazy("Inscrit."),
    "allergie": _lazy("Allergie inscrite : elle figure au bandeau."),
    "termine": _lazy("Terminé : il reste au dossier, avec sa date."),
    "proche": _lazy("Personne inscrite."),
    "proche_retire": _lazy("Personne retirée."),
    "directives": _lazy("Directives anticipées : ce que dit le patient est inscrit."),
    "restreint": _lazy("Restreint : seule l'équipe de soins le voit, et sait qu'il existe."),
    "restriction_levee": _lazy("Restriction levée."),
    "transmission": _lazy("Transmission signée."),
    "brouillon_jete": _lazy("Brouillon jeté : rien n'en reste."),
    "corrige": _lazy("Correction inscrite : l'ancien texte reste lisible, barré, avec votre nom."),
    "identite": _lazy("Identité créée, provisoire. Reste à l'admettre dans une unité."),
    "admission": _lazy("Admission enregistrée : l'unité la voit dans sa liste."),
    "mutation": _lazy("Mutation enregistrée."),
    "rendez-vous": _lazy("Rendez-vous donné : l'unité le voit à son agenda."),
    "arrivee": _lazy("Arrivée enregistrée."),
    "honore": _lazy("Rendez-vous honoré."),
    "non-venu": _lazy("Absence enregistrée."),
    "annule": _lazy("Rendez-vous annulé : il n'ouvre plus le dossier à l'unité."),
    "presence": _lazy("Enregistré : le standard en tient compte dès maintenant."),
    "sortie": _lazy("Sortie enregistrée : la prise en charge de l'unité est terminée."),
    "avis": _lazy("Avis demandé : le dossier est ouvert 72 heures à qui vous avez nommé."),
    "poste_quitte": _lazy("Poste quitté : ses patients ne vous sont plus ouverts."),
    "relu": _lazy("Relecture enregistrée."),
    "equipe": _lazy("Entré(e) dans l'équipe : le dossier lui est ouvert 30 jours."),
    "soignant": _lazy("Nommé : le dossier lui est ouvert, il en est prévenu."),
    "soignant_fin": _lazy("Prise en charge terminée : le dossier ne lui est plus ouvert à ce titre."),
    "tache": _lazy("Fait : la ligne sort de la liste, le dossier se ferme à ce titre."),
    "tache_passee": _lazy("Retirée de la liste, avec son motif."),
    "plan_fin": _lazy("Plan blanc terminé."),
    "examen": _lazy("Demande envoyée : elle est dans la liste de qui la reçoit."),
    "examen_fait": _lazy("Inscrit : la demande suit son cours."),
    "examen_rendu": _lazy("Résultat rendu : il est au dossier, la ligne sort de la liste."),
    "examen_annule": _lazy("Demande annulée, avec son motif."),
    "mandat_fin": _lazy("Mandat terminé : ce qu'il ouvrait est fermé."),
    "vigilance": _lazy("Inscrit : les ouvertures hors de l'unité du lecteur seront dites au DPO."),
    "acte_refuse": _lazy("Refusé ou retiré : rien n'a été fait, c'est inscrit."),
    "tirage": _lazy("Tirage fait : chaque unité a reçu ses ouvertures à relire."),
    "secours_ferme": _lazy("Session de secours fermée : ses pages ouvertes se vident d'elles-mêmes."),
    "session": _lazy("Session fermée. Ses pages ouvertes se videront d'elles-mêmes."),
}

# A list that stops (gate.work.MOST, gate.trail.SHOWN) says so, on screen and on paper.
TRUNCATED = {
    "work": _lazy(
        "Plus de 200 lignes attendent ; les plus pressantes sont ici, "
        "les suivantes viennent quand celles-ci sont faites."
    ),
    "agenda": _lazy("Plus de 200 personnes sont attendues ; la liste s'arrête là."),
    "openings": _lazy("Plus de 500 lignes : les plus récentes sont ici, les plus anciennes se demandent au DPO."),
    "openings_trail": _lazy(
        "Plus de 500 lignes : les plus récentes sont ici, les plus anciennes se lisent dans la trace."
    ),
}

_TABLES: dict[str, Mapping[str, object]] = {
    "profession": PROFESSIONS,
    "grade": GRADES,
    "identity_status": IDENTITY_STATUS,
    "purpose": PURPOSES,
    "contact_kind": CONTACT_KINDS,
    "basis": BASES,
    "trail_kind": TRAIL_KINDS,
    "trail_reason": TRAIL_REASONS | words_trail.REFUSED,
    "trail_object": words_trail.TRAIL_OBJECTS,
    "trail_verb": words_trail.TRAIL_VERBS,
    "category": CATEGORIES,
    "severity": ALLERGY_SEVERITY,
    "work_list": WORK_LISTS,
    "examination": words_examinations.EXAMINATIONS,
    "examination_group": words_examinations.EXAMINATION_GROUPS,
    "examination_kind": words_examinations.EXAMINATION_KINDS,
    "laboratory_state": words_examinations.LABORATORY_STATES,
    "imaging_state": words_examinations.IMAGING_STATES,
    "laboratory_event": words_examinations.LABORATORY_EVENTS,
    "imaging_event": words_examinations.IMAGING_EVENTS,
    "done": DONE,
    "truncated": TRUNCATED,
    "appointment": APPOINTMENTS,
    "appointment_act": APPOINTMENT_ACTS,
    "fact": FACTS,
    "section": SECTIONS,
    "filter": FILTERS,
    "genre": FILTERS,
    "imported_kind": IMPORTED_KINDS,
    "imported_state": IMPORTED_STATES,
    "imported_detail": IMPORTED_DETAILS,
    "resource_type": RESOURCE_TYPES,
    "kept_reason": KEPT_REASONS,
    "restriction": RESTRICTION_ACTS,
    "restriction_why": RESTRICTIONS,
    "measure": MEASURES,
    "measure_group": MEASURE_GROUPS,
    "problem_kind": PROBLEM_KINDS,
    "act": ACTS,
    "person_line": PERSON_LINES,
    "why_not": WHY_NOT,
    "account_notice": ACCOUNT_NOTICES,
    "contact_person": CONTACT_PEOPLE,
    "directive": DIRECTIVES,
}


def word(code: str | None, table: str) -> str:
    """The French word for a code of a named table; an unknown code is shown as it is, never hidden."""
    if code is None:
        return ""
    return str(_TABLES[table].get(code, code))


def sex(code: str | None) -> str:
    """`F`, `M` or `I` in full, for screen readers and titles."""
    return {"F": _("féminin"), "M": _("masculin"), "I": _("indéterminé")}.get(code or "", "")
