# make help lists the targets. Settings: inventories/local/group_vars/all.yml, or make up ARGS='-e minikube_cpus=2'
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Kept even where the environment says otherwise: each Ansible module is a Python of its own, and would compile what it
# imports anew every time.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
PLAYBOOK := $(VENV)/bin/ansible-playbook
ARGS ?=
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/todo.k8s
# Set for `make up BUNDLE=file`; `make bundle BUNDLE=file` names the file that is written.
FROM_BUNDLE := $(if $(BUNDLE),$(filter up,$(MAKECMDGOALS)))

.PHONY: help up down status backup restore rotate test test-faults lint bench bench-images bench-app bench-release bundle \
	distclean env unbundle

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

env: $(VENV)/stamp

$(VENV)/stamp: requirements.txt scripts/environment $(if $(FROM_BUNDLE),unbundle)
	@$(if $(FROM_BUNDLE),BUNDLE_DIR="$(CACHE)/bundle") scripts/environment $(VENV) requirements.txt

unbundle:
	@$(or $(PYTHON),python3) scripts/unbundle "$$BUNDLE"

up: env ## from a bare machine to the verified application; BUNDLE=file: from that alone
	@$(PLAYBOOK) site.yml $(if $(FROM_BUNDLE),-e "@$(CACHE)/bundle/settings.json") $(ARGS)

bundle: env ## packs all that a second machine needs into one archive, dist/… or BUNDLE=file
	@$(PLAYBOOK) playbooks/bundle.yml $(ARGS)

down: env ## take it all away again (caches stay)
	@$(PLAYBOOK) teardown.yml $(ARGS)

distclean: env ## down, and caches, packages it installed and environments too
	@$(PLAYBOOK) teardown.yml -e todo_distclean=true $(ARGS)
	@rm -rf $(VENV) .venv-app .venv-checkov node_modules */frontend/.next .ansible .pytest_cache .ruff_cache && echo "removed the Python environments, node_modules and tool caches"

status: env ## what is running, in plain words
	@$(PLAYBOOK) playbooks/status.yml $(ARGS)

backup: env ## saves the database into a file of this host, ~/.local/share/todo.k8s/backups
	@$(PLAYBOOK) playbooks/backup.yml $(ARGS)

restore: env ## puts a backup in the database's place: FILE=file
	@$(PLAYBOOK) playbooks/restore.yml -e "database_restore_file=$(FILE)" $(ARGS)

rotate: env ## another value for one secret: KEY=jwt, openai (from OPENAI_API_KEY) or database
	@$(PLAYBOOK) playbooks/rotate.yml -e "rotate_key=$(KEY)" $(ARGS)

test: env ## every test: lint, unit, application, chart, and the whole path on a real Minikube
	@$(VENV)/bin/python scripts/run_tests.py $(ARGS)

test-faults: env ## the slow fault scenarios
	@$(VENV)/bin/python scripts/run_tests.py --faults $(ARGS)

lint: env ## ruff, yamllint, ansible-lint, and a search for secrets in git
	@$(VENV)/bin/python scripts/run_tests.py --only lint $(ARGS)

bench: env ## timings of the main job
	@$(VENV)/bin/python bench/main_job.py $(ARGS)

bench-images: env ## timings of loading images, beside other ways (needs a running `make up`)
	@$(VENV)/bin/python bench/images.py $(ARGS)

bench-app: env ## answer times, saturation, page loads and memory of the application (needs a running `make up`)
	@$(VENV)/bin/python bench/app.py $(ARGS)

bench-release: env ## from `helm install` to all pods ready, and requests while services roll (needs a running `make up`)
	@$(VENV)/bin/python bench/release.py $(ARGS)
