# Every target prepares what it needs from the lock file; nothing has to be installed before but Python 3.11 and make.
# EGIDE_HOME (state), EGIDE_PORT (8400) and EGIDE_PYTHON (interpreter) may be set in the environment.
.DEFAULT_GOAL := help
.PHONY: help run demo test test15 check attacks attacks-full journeys bench doctor stop lock
MAKEFLAGS += --no-print-directory
# No bytecode beside the sources: a checkout may belong to someone else than the user who runs.
export PYTHONDONTWRITEBYTECODE = 1

run = tools/env
dev = tools/env --dev

help: ## cette liste
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: ## prépare tout, démarre Égide et affiche l'adresse (Ctrl-C arrête tout)
	@$(run) egide run

demo: ## comme run, sur une démonstration seulement ; PATIENTS=758912 pour le groupe entier
	@$(run) egide run --demo $(if $(PATIENTS),--patients $(PATIENTS))

test: ## tous les tests, parcours dans Chromium compris
	@tools/chromium
	@$(dev) python -m pytest $(ARGS)
	@[ -n "$(ARGS)" ] || $(dev) tools/test15 --if-there

test15: ## ce qui tient le plus à PostgreSQL, sur le PostgreSQL 15 de Debian pris par URL
	@$(dev) tools/test15 $(ARGS)

check: ## ruff, mypy strict, ordre des étages, gabarits, migrations manquantes
	@$(dev) --no-project tools/check

attacks: ## l'exercice du voleur contre le serveur en marche (ou démarré pour lui)
	@$(run) egide run --then "egide drill"

attacks-full: ## le même exercice sur le groupe entier (758 912 personnes) : donnez-lui un EGIDE_HOME à lui
	@$(run) egide run --demo --patients 758912 --then "egide drill"

journeys: ## les parcours dans Chromium seulement
	@tools/chromium
	@$(dev) python -m pytest -m journey $(ARGS)

bench: ## les mesures de benchmarks/ ; ARGS="run chart" pour une seule
	@$(dev) tools/bench $(ARGS)

doctor: ## l'état de santé de la base en marche
	@$(run) egide doctor

stop: ## arrête l'Égide qui tourne
	@$(run) --as-is egide stop

lock: ## recalcule requirements/*.lock (après un changement de dépendances)
	@tools/lock
