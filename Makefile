# Tools go into .cache and .collections, containers and images into podman; `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

POWA ?= 4
JOBS ?= 2
# Integration tests wait for the collector much of the time, so there are more of them at once than cores.
WORKERS ?= 3
DEMO_PORT ?= 8443
PYTHON ?= /usr/bin/python3

cache := .cache
venv := $(cache)/venv
export PATH := $(CURDIR)/$(venv)/bin:$(CURDIR)/tests/containers:$(PATH)
export MOLECULE_COMMAND_BORDERS := false
export TIMEFORMAT := It took %R s.
# Each of some thousand runs of Python would compile the collection anew.
unexport PYTHONDONTWRITEBYTECODE

# Besides the ansible-core of tests/requirements.txt, the oldest that works and the newest that is released, each where one of its
# Pythons is found. Sanity, units and the parts of site.yml are tested with all three, and two scenarios of molecule run with these.
oldest_core := 2.16.19
newest_core := 2.21.5
python_$(oldest_core) := $(shell tests/tools/find-python 3.11 3.12 3.10)
python_$(newest_core) := $(shell tests/tools/find-python 3.12 3.13 3.14)
other_cores := $(foreach core,$(oldest_core) $(newest_core),$(if $(python_$(core)),$(core)))
venvs := venv $(other_cores:%=venv-%)
core_of_web4 := $(filter $(oldest_core),$(other_cores))
core_of_web := $(filter $(newest_core),$(other_cores))

# PyPI's `ansible` has every collection; these are taken out of it.
ansible := 12.3.0
collections := community.postgresql containers.podman awx.awx community.general

suite_4 := bookworm
suite_5 := trixie
suite = $(or $(suite_$(POWA)),$(error POWA must be 4 or 5, not '$(POWA)'))
demo := playbooks/inventory/demo
demo_playbook := ansible-playbook --inventory $(demo) \
  --extra-vars "container_network=pgfleet-demo container_subnet=10.91.10.0/24 demo_port=$(DEMO_PORT)"
# The longest come first; a target that waited for the images would be last.
in_parallel = $(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target --keep-going images=
images := images
# What failed stands last, because the output of the longest target hides it.
define all_of_them
@$(in_parallel) $(everything) 2>&1 | tee $(cache)/test.log \
  || { printf '\nWhat failed:\n'; grep --extended-regexp $(failure) $(cache)/test.log; exit 1; }
endef
failure := '^(FAILED|ERROR|E  ) |^round [0-9]+ on |^(fatal|failed): \[|^ERROR: |^[^ ]+:[0-9]+:[0-9]+: |^CRITICAL |^make.*\*\*\* '
integration = pytest tests/integration --numprocesses=$(WORKERS) --dist=worksteal
torture = PYTHONPATH=tests/torture:tests/integration:.collections python tests/torture/torture.py
attacks := $(wildcard $(addprefix tests/integration/test_,\
  $(addsuffix .py,attacks_* impostors names login_roles secrets odd_settings odd_text)))
long_scenarios := repositories doctor columns
scenarios := $(long_scenarios) $(filter-out $(long_scenarios),$(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))

.PHONY: help demo demo-down test test-ci test-quick lint sanity sanity-of-cores test-unit unit-pages test-packaging test-integration \
  test-integration-quick test-integration-one-powa test-molecule test-torture torture bench catalogue build clean setup host-packages images
help:  ## This list
	@awk -F ': .* ## ' '/^[a-z-]+:.*  ## / { printf "%-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup  ## Start a fleet of containers, run site.yml on it, show what was collected and where powa-web is (POWA=4 or 5)
	$(demo_playbook) molecule/shared/create.yml molecule/shared/prepare.yml --extra-vars container_suite=$(suite)
	$(demo_playbook) playbooks/site.yml
	python tests/tools/collected.py $(demo)
	$(demo_playbook) playbooks/site.yml | tee $(cache)/second-run
	@awk '/ changed=[0-9]/ { hosts++; if (/ changed=0 /) same++ } \
	  END { print "The second run left " same+0 " of " hosts+0 " hosts unchanged."; exit !hosts || same < hosts }' $(cache)/second-run
	@echo "powa-web is at https://localhost:$(DEMO_PORT)/ (nobody has signed its certificate): user powa_web, password \"demo: web\"."

demo-down: setup  ## Remove the demo's containers and network
	$(demo_playbook) molecule/shared/destroy.yml

test: everything := test-integration test-molecule lint test-torture test-packaging sanity-of-cores test-unit
test: setup images  ## Every check and test; sanity whole with one ansible-core
	$(all_of_them)

# `make test` does not end in 90 minutes on two slow cores. This is about half of it: an integration test runs with PoWA 4 or 5 instead of
# both, sanity with one ansible-core, and the three longest scenarios are left out.
test-ci: everything := test-integration-one-powa $(filter-out $(long_scenarios:%=molecule/%),$(scenarios:%=molecule/%)) \
  lint test-torture test-packaging sanity/venv test-unit
test-ci: setup images  ## What .ci/run does: the part that ends in 90 minutes on a slow machine
	$(all_of_them)

test-quick: setup images  ## In 5 minutes: lint, unit tests, the contract of each module and one short test of each other file, on PoWA 5
	$(in_parallel) test-integration-quick lint test-unit

lint: setup  ## yamllint, ruff, mypy, import-linter, ansible-lint, no data computed in Jinja, changelog, documentation
	pytest --quiet tests/tools
	python tests/tools/check_templates.py
	yamllint --strict .
	ruff check .
	ruff format --check .
	mypy
	PYTHONPATH=.collections lint-imports --no-cache
	ansible-lint --offline
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .

sanity: $(venvs:%=sanity/%)  ## ansible-test sanity, whole with each ansible-core
sanity/%: setup
	time tests/tools/ansible-test $(cache)/$* sanity

# With the other ansible-cores, what depends on it, of what is in the collection's tarball.
sanity-of-cores: sanity/venv $(other_cores:%=sanity-of-core/%)
sanity-of-core/%: setup
	time tests/tools/ansible-test $(cache)/venv-$* sanity --exclude tests/ --exclude molecule/ --exclude powa_web_pages/tests/ \
	  --test ansible-doc --test compile --test import --test runtime-metadata --test validate-modules

test-unit: $(venvs:%=unit/%) unit-pages  ## ansible-test units, and those of powa_web_pages
# ansible-test starts a process for each test, which takes five times as long: a part is enough to see that they pass so.
unit/%: setup
	$(cache)/$*/bin/python -m pytest --quiet tests/unit
	$(if $(filter venv,$*),tests/tools/ansible-test $(cache)/$* units tests/unit/plugins/module_utils/_core/)

unit-pages: setup
	pytest powa_web_pages/tests

test-packaging: setup $(images)  ## The built collection, installed in an empty folder, and the checkout
	time pytest tests/packaging

test-integration: setup $(images)  ## Every module on real servers
	time $(integration)

test-integration-one-powa: setup $(images)
	time $(integration) --one-powa

test-integration-quick: setup $(images)
	$(integration) --quick

test-molecule: $(scenarios:%=molecule/%)  ## Every scenario; one of them: make molecule/powa5
molecule/%: setup $(images)
	export CORE=$(core_of_$*) PATH=$(core_of_$*:%=$(CURDIR)/$(cache)/venv-%/only-ansible:)$$PATH; time molecule test --scenario-name $*

test-torture: setup $(images)  ## A minute of `make torture`, always with the same seed
	time $(torture) --seed 1 --servers 4,5 --minutes 1

torture: setup images  ## Kills, hostile input and many tasks at once for 10 minutes, then the attacks (MINUTES, ROUNDS, SEED, SERVERS, KIND, ROUND)
	$(torture) $(foreach option,MINUTES ROUNDS SEED SERVERS KIND ROUND,\
	  $(if $($(option)),--$(shell echo $(option) | tr A-Z a-z) $($(option))))
	$(if $(ROUND)$(KIND),,$(if $(attacks),pytest $(attacks) --numprocesses=$(WORKERS) --dist=worksteal))

bench: setup images  ## Ratios, each the median of five runs, into .bench/results.json and docs/benchmarks.md; one: make bench BENCH=read_vs_builtin
	PYTHONPATH=tests/integration:.collections python tests/bench/bench.py $(BENCH)

catalogue: setup images  ## Measure the queries of the catalogue, and write docs/catalogue.md
	PYTHONPATH=tests/integration:.collections python tests/bench/catalogue.py
	PYTHONPATH=.collections python tests/tools/catalogue_page.py

build: setup  ## The collection's tarball
	ansible-galaxy collection build --force

clean:  ## Remove the tools, the images and what was built
	rm -rf $(cache) .ansible .bench .hypothesis .mypy_cache .pytest_cache .ruff_cache context tests/output \
	  pgfleet-powa-*.tar.gz $(subst .,/,$(collections:%=.collections/ansible_collections/%))
	podman images --quiet --filter 'reference=localhost/pgfleet/*' | xargs --no-run-if-empty podman rmi

setup: $(venvs:%=$(cache)/%/ready) $(cache)/collections

host-packages:
	@tests/tools/host-packages

$(venv)/ready: tests/requirements.txt | host-packages
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	@touch $@

$(cache)/venv-%/ready: Makefile tests/unit/requirements.txt | host-packages
	$(python_$*) -m venv $(@D)
	$(@D)/bin/pip install --quiet ansible-core==$* pytest --requirement tests/unit/requirements.txt
# Without its pytest, so that molecule finds its own.
	mkdir --parents $(@D)/only-ansible && ln --symbolic --force $(CURDIR)/$(@D)/bin/ansible* $(@D)/only-ansible
	@touch $@

$(cache)/collections: Makefile tests/tools/extract_collections.py $(venv)/ready
	pip download --quiet --no-deps --dest $(cache) ansible==$(ansible)
	python tests/tools/extract_collections.py $(cache)/ansible-$(ansible)-*.whl .collections $(collections)
	@touch $@

images: host-packages
	@for suite in bookworm trixie; do for kind in base powa; do tests/containers/image $$suite $$kind; done & done; \
	  for suite in bullseye forky; do tests/containers/image $$suite powa & done; \
	  tests/containers/image rhel base & \
	  for job in $$(jobs -p); do wait $$job; done
