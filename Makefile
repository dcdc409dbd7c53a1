# Everything runs from .venv, which make builds itself from Python 3.11+ and requirements.lock.
SHELL := /bin/sh
PYTHON ?= python3
UV_VERSION := 0.13.9
V := .venv/bin
SAY := printf '\033[1m==> %s\033[0m\n'
# The installer draws progress bars for a person and stays silent in a log.
UV_QUIET := $(shell test -t 2 || printf -- '--quiet')
# Two of them share a machine of two cores well; the tests of a file stay together, and each has servers of its own.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Trust what the machine trusts, as pip and git do: company networks have authorities of their own.
export UV_SYSTEM_CERTS ?= true
export UV_HTTP_TIMEOUT ?= 120
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-ui test-alarms quick prove bench bench-scale crash format schemas clean-state lock \
	new-connector check-format check-lint check-types check-imports check-pure check-schemas check-servers

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ok ## Build .venv (every target below does this first)

demo: .venv/.ok ## Run the whole hub on embedded Kafka and Postgres (FOR=seconds RATE=events/s)
	@$(V)/python -m hub.dev.demo $(if $(FOR),--for $(FOR)) $(if $(RATE),--rate $(RATE))

test: check-format check-lint check-types check-imports check-pure check-schemas test-alarms check-servers test-ui ## Everything CI runs

CHROMIUM := chromium chromium-browser google-chrome google-chrome-stable
# Without a browser they are left out by name, never silently.
test-ui: .venv/.ok ## The live page in a real Chromium (left out where there is none; HUB_CHROMIUM=path)
	@found=$$HUB_CHROMIUM; for name in $(CHROMIUM); do found=$${found:-$$(command -v $$name)}; done; \
	if test -n "$$found"; then \
		$(SAY) "The live page in a real Chromium" && $(V)/pytest -q -m ui; \
	else \
		$(SAY) "LEFT OUT: the live page in a browser (tests/ui, marked ui): there is no Chromium." && \
		echo "Install one (Debian, Ubuntu: apt-get install chromium) or set HUB_CHROMIUM, then: make test-ui"; \
	fi

# Fetched once; where it cannot be had its tests are left out by name, never silently.
test-alarms: .venv/.ok ## The alert rules in Prometheus' own promtool (left out without it; HUB_PROMETHEUS=folder)
	@if $(V)/python -m hub.dev.embedded.prometheus; then \
		$(SAY) "The alert rules in Prometheus' own promtool" && $(V)/pytest -q -m alarms; \
	else \
		$(SAY) "LEFT OUT: the alert rules in promtool (marked alarms): there is no Prometheus, see above." && \
		echo "Once there is one: make test-alarms"; \
	fi

quick: check-lint check-types check-imports check-pure ## Lint, types, imports and pure tests, in seconds

prove: .venv/.ok ## The long runs with their full figures: crash, scale, items, an outage, doors, keys and tokens, files, traces, deliveries, claims, audit, alerts (OUTAGE= CLEAN=minutes)
	@$(MAKE) --no-print-directory crash KILLS=$(or $(KILLS),30) ZOMBIES=$(or $(ZOMBIES),5)
	@$(MAKE) --no-print-directory bench-scale
	@HUB_STORIES=1000 HUB_TIMERS=50000 $(V)/pytest -q -s tests/ledger/test_items_at_random.py tests/ledger/test_timers.py
	@HUB_SCHEDULES=1000 $(V)/pytest -q -s tests/unit/test_purchase_schedules.py
	@HUB_CLAIMS=10000 $(V)/pytest -q -s tests/unit/test_claims_at_random.py
	@$(V)/python -m hub.dev.prove.poison
	@$(V)/python -m hub.dev.prove.redrive
	@$(V)/python -m hub.dev.prove.outage --minutes $(or $(OUTAGE),2)
	@$(V)/python -m hub.dev.prove.doors
	@$(V)/python -m hub.dev.prove.tokens
	@$(V)/python -m hub.dev.prove.files
	@$(V)/python -m hub.dev.prove.imports
	@$(V)/python -m hub.dev.prove.traces
	@$(V)/python -m hub.dev.prove.deliver
	@$(V)/python -m hub.dev.prove.claims
	@$(V)/python -m hub.dev.prove.audit
	@$(V)/python -m hub.dev.prove.canaries
	@$(V)/python -m hub.dev.prove.alerts
	@$(V)/python -m hub.dev.prove.alerts --clean $(or $(CLEAN),60)

bench: .venv/.ok ## Deliveries beside a bare httpx loop, then the pipeline beside a bare aiokafka loop (N=events ROUNDS=rounds)
	@$(V)/python -m hub.dev.prove.deliver --only speed
	@$(V)/python -m hub.dev.bench $(if $(N),--events $(N)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-scale: .venv/.ok ## CPU an event with 10,000 and with 1,000,000 units (N=events ROUNDS=rounds)
	@$(V)/python -m hub.dev.bench --scale $(if $(N),--events $(N)) $(if $(ROUNDS),--rounds $(ROUNDS))

crash: .venv/.ok ## Kill everything under load and check the ledger and what was told (KILLS= ZOMBIES= RATE=events/s)
	@$(V)/python -m hub.dev.crash $(if $(KILLS),--kills $(KILLS)) \
		$(if $(ZOMBIES),--zombies $(ZOMBIES)) $(if $(RATE),--rate $(RATE))

format: .venv/.ok ## Format the code and apply the safe fixes
	@$(V)/ruff format . && $(V)/ruff check --fix .

schemas: .venv/.ok ## Write the JSON Schemas and the AsyncAPI document anew
	@$(V)/python -m schemas.generate

new-connector: .venv/.ok ## Begin a connector: its file, its test and its entry point (NAME=acme)
	@test -n "$(NAME)" || { echo "Say its name: make new-connector NAME=acme"; exit 1; }
	@$(V)/hub connector new -- "$(NAME)"

clean-state: ## Delete what the demo keeps between runs (.hub)
	@$(SAY) "Deleting .hub"
	@rm -rf .hub

lock: .venv/.uv ## Resolve requirements.lock and requirements-node.lock anew from pyproject.toml
	@$(SAY) "Resolving requirements.lock and requirements-node.lock"
	@$(V)/uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--upgrade --output-file requirements.lock
	@$(V)/uv pip compile --quiet --group pyproject.toml:node --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--upgrade --output-file requirements-node.lock
	@! grep -nE '://|^-|^ *--(find-links|index|extra-index)' requirements.lock requirements-node.lock || \
		{ echo "a lock names a registry: remove the lines above"; exit 1; }

check-format: .venv/.ok
	@$(SAY) "Format (ruff format)"
	@$(V)/ruff format --check --quiet . || { echo "Run: make format"; exit 1; }

check-lint: .venv/.ok
	@$(SAY) "Lint (ruff)"
	@$(V)/ruff check .

check-types: .venv/.ok
	@$(SAY) "Types (mypy)"
	@$(V)/mypy

check-imports: .venv/.ok
	@$(SAY) "Imports (import-linter)"
	@$(V)/lint-imports

check-pure: .venv/.ok
	@$(SAY) "Pure tests"
	@$(V)/pytest -q $(SIDE_BY_SIDE) -m "not servers and not crash and not alarms"

check-schemas: .venv/.ok
	@$(SAY) "Schemas are what the models say"
	@rm -rf .hub/schemas && mkdir -p .hub && cp -R schemas .hub/schemas
	@$(V)/python -m schemas.generate
	@diff -r -q -x __pycache__ .hub/schemas schemas || \
		{ echo "The schemas had drifted and are now written anew: look at them and commit"; exit 1; }

check-servers: .venv/.ok .venv/.node
	@$(SAY) "Tests on a real Kafka and a real Postgres"
	@$(V)/pytest -q $(SIDE_BY_SIDE) --durations=15 -m "servers and not crash and not ui"
	@$(SAY) "Kills under load"
	@$(V)/pytest -q -m crash

# Each stamp stands for a finished step, so an interrupted set-up goes on where it stopped.
.venv/.uv:
	@command -v $(PYTHON) > /dev/null || { \
		echo "There is no $(PYTHON): install Python 3.11 or newer, or run: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
		"Python 3.11 or newer is needed, %s is %s. Install one and run: make PYTHON=python3.12 ..." \
		% (sys.executable, sys.version.split()[0]))'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: on Debian or Ubuntu install python3-venv," \
		"elsewhere a Python that has ensurepip, and run make again."; exit 1; }
	@$(SAY) "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv
	@$(SAY) "Installing uv $(UV_VERSION), the installer"
	@$(V)/python -m pip install --quiet uv==$(UV_VERSION)
	@touch $@

.venv/.deps: requirements.lock | .venv/.uv
	@$(SAY) "Installing $$(grep -c '==' requirements.lock) locked packages, a Java runtime and Postgres among them"
	@$(V)/uv pip install $(UV_QUIET) --python $(V)/python --require-hashes -r requirements.lock
	@touch $@

# A program of its own size, which nothing but some tests runs.
.venv/.node: requirements-node.lock | .venv/.deps
	@$(SAY) "Installing Node, for the tests of receivers in JavaScript"
	@$(V)/uv pip install $(UV_QUIET) --python $(V)/python --require-hashes -r requirements-node.lock
	@touch $@

.venv/.ok: pyproject.toml .venv/.deps
	@$(SAY) "Installing warranty-hub itself, in place"
	@$(V)/uv pip install --quiet --python $(V)/python --no-deps --no-build-isolation --editable .
	@touch $@
