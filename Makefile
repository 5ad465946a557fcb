# Everything runs inside .venv, which is made from the locks; nothing has to be activated.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks name every package, so nothing is resolved: what is installed is what was tried. uv takes seconds where pip takes
# minutes; `make install UV=` does without it. Packages of your own in .venv stay.
UV := $(BIN)/uv
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Hashes pin every file, so any index that has it may give it; uv alone would stop at the first that knows the name.
INSTALL = $(if $(UV),$(UV) pip install --quiet --system-certs --index-strategy unsafe-best-match --python $(BIN)/python,$(PIP))
LOCK = $(BIN)/uv pip compile --system-certs --universal --upgrade --generate-hashes --no-emit-index-url --no-header --quiet
export PATH := $(CURDIR)/$(BIN):$(PATH)
# The command of this checkout, whichever is installed.
IMPULSE := PYTHONPATH=stages python -m impulse
# Lines of a stage appear when they are printed.
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help install install-dev params repro update plan status remote-status results test test-heavy test-mutants test-torch chaos bench lint fix types check-params docs data-quality lock clean
.PHONY: remote push verify disk repro-pull trials release

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## make .venv from the lock
install-dev: $(VENV)/.installed-dev ## the same with tools for tests and checks

repro: install ## build the dataset: config, fetch, parse, validate, dedupe, export
	@$(IMPULSE) repro

update: install ## look for new replays in the source, then build what changed
	@$(IMPULSE) update

remote: install ## keep datasets in your own bucket: make remote URL=s3://bucket/prefix [ENDPOINT=https://host]
	@test -n "$(URL)" || { echo "make remote URL=s3://bucket/prefix [ENDPOINT=https://host of a store other than AWS]"; exit 1; }
	@$(IMPULSE) remote "$(URL)" $(if $(ENDPOINT),--endpoint "$(ENDPOINT)")

push: install ## upload the dataset, everything it is made of, and the results of every stage
	@$(IMPULSE) push

repro-pull: install ## build like repro, but take from the remote what was built anywhere before
	@$(IMPULSE) repro --pull

verify: install ## find what is damaged or missing in this checkout; make verify HEAL=1 mends it
	@$(IMPULSE) verify $(if $(HEAL),--heal)

disk: install ## say what each place holds on the disk, and what may go
	@$(IMPULSE) disk

release: install ## tag and upload the dataset of this checkout: make release VERSION=v1.0 [PUSH=1]
	@test -n "$(VERSION)" || { echo "make release VERSION=v1.0 [PUSH=1]"; exit 1; }
	@$(IMPULSE) release "$(VERSION)" $(if $(PUSH),--push)

trials: install ## try settings side by side: make trials S="parse.fps=5,10,30" [JOBS=2] (docs/sweeps.md)
	@test -n "$(S)" || { echo 'make trials S="parse.fps=5,10,30" [JOBS=2]'; exit 1; }
	@$(IMPULSE) trials --jobs $(or $(JOBS),2) $(S)

plan: install ## say what fetch would download, with how many calls and in what time, and what parse will cost
	@$(IMPULSE) plan

status: install ## show a download that is running, or how the last one ended
	@$(IMPULSE) status

remote-status: install ## show what a machine elsewhere has pushed (deploy/README.md)
	@$(IMPULSE) status --remote

results: install ## get dvc.lock of a finished run on a server; then dvc pull
	@$(IMPULSE) results

params: install ## compose conf/ into params.yaml
	python stages/config.py

docs: install ## write data/README.md from the columns of the tables, and docs/events.md from the kinds of events
	PYTHONPATH=stages python -m impulse.tables.document > data/README.md
	PYTHONPATH=stages python -m impulse.tables.event_kinds.document > docs/events.md

data-quality: install ## write docs/data-quality.md from folders of real replays: make data-quality REPLAYS="folder ..."
	@test -n "$(REPLAYS)" || { echo 'make data-quality REPLAYS="folder ..."'; exit 1; }
	@page=$$(PYTHONPATH=stages python -m impulse.sharing.data_quality $(REPLAYS)) && printf '%s\n' "$$page" > docs/data-quality.md

test: install-dev ## run the test suite
	python -m pytest

test-heavy: install-dev ## run the long tests that the suite leaves out
	python -m pytest -m heavy

test-mutants: install-dev ## break the code on purpose, a line at a time, and see that the tests notice [WORDS="boost demolitions"]
	python tests/mutants/run.py $(WORDS)

test-torch: $(VENV)/.installed-torch ## run the tests that need torch, which takes 5 GB of disk
	python -m pytest -m torch

chaos: install-dev ## kill, starve and damage builds at random, and compare them with one that nobody disturbed [SECONDS=600 SEED=1 SOURCE=folder]
	python tests/pipeline/chaos.py --seconds $(or $(SECONDS),600) --seed $(or $(SEED),1) $(if $(SOURCE),--source $(SOURCE))

bench: install-dev ## measure builds against the parser, pyarrow and DVC alone, for docs/performance.md [CASE="export replays=100"]
	@$(IMPULSE) bench $(CASE)

lint: install-dev ## check style
	ruff check . && ruff format --check .

fix: install-dev ## fix style where a tool can
	ruff check --fix . && ruff format .

types: install-dev ## check types
	mypy

check-params: install-dev ## check that params.yaml is what conf/ composes to
	python -m pytest -q tests/pipeline/test_params.py

lock: $(VENV)/.installer ## resolve the locks again from pyproject.toml
	$(LOCK) pyproject.toml --group build -o requirements/runtime.lock
	$(LOCK) pyproject.toml --group build --extra test --extra dev -c requirements/runtime.lock -o requirements/dev.lock
	$(LOCK) pyproject.toml --group build --extra torch -c requirements/dev.lock -o requirements/torch.lock
	$(LOCK) --group installer -o requirements/installer.lock

clean: ## remove the environment and caches of tools; data and state stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "impulse needs Python 3.11 or newer, $(PYTHON) is older: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installer: requirements/installer.lock | $(VENV)/bin/python
	$(PIP) --require-hashes --no-deps -r $<
	@touch $@

$(VENV)/.installed: requirements/runtime.lock pyproject.toml $(if $(UV),$(VENV)/.installer) | $(VENV)/bin/python
	$(INSTALL) --require-hashes --no-deps -r $<
	$(INSTALL) --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements/dev.lock $(VENV)/.installed
	$(INSTALL) --require-hashes --no-deps -r $<
	@touch $@

$(VENV)/.installed-torch: requirements/torch.lock $(VENV)/.installed-dev
	$(INSTALL) --require-hashes --no-deps -r $<
	@touch $@
