# The front door: make install | demo | test | check | bench | soak   (PORT=8000)
.PHONY: help install demo test check bench soak locks
.PHONY: lint walls rules templates types migrations texts
.DEFAULT_GOAL := help
export UV_PYTHON_DOWNLOADS := never

PORT ?= 8000
# Python 3.11 or newer; name another one with `make PYTHON=/path/to/python …`
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PY := .venv/bin/python
UV := uv==0.13.9
INSTALLATION := DATABASE_URL REDIS_URL EMAIL_URL SECRET_KEY DEBUG ALLOWED_HOSTS BASE_URL SQLITE_FILE
TEMPLATES = $(shell git ls-files --cached --others --exclude-standard -- '*/templates/*.html')

help:
	@echo 'make demo      try the product at http://localhost:$(PORT)/ (needs Python 3.11 and make)'
	@echo 'make install   everything for working on it, in .venv'
	@echo 'make test      the tests, on SQLite; on PostgreSQL when DATABASE_URL names one'
	@echo 'make check     style, walls, types, templates, migrations, texts'
	@echo 'make bench     measurements          make soak   a long run under load'
	@echo 'make locks     renew requirements/*.lock'

# --- the environment ------------------------------------------------------------------------
# uv installs in seconds and pip is always there: both check every hash.
define install_lock
	@echo 'Installing $(1) into .venv …'
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check $(UV) 2>/dev/null || true
	@if .venv/bin/uv --version >/dev/null 2>&1 && \
	  .venv/bin/uv pip install --quiet --python $(PY) --require-hashes -r $(1); then :; \
	else $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); fi
endef

.venv/.made:
	@$(if $(PYTHON),,echo 'Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python'; exit 1)
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.ok-base: requirements/base.lock | .venv/.made
	$(call install_lock,requirements/base.lock)
	@touch $@

# The development lock holds everything the base lock holds, at the same versions.
.venv/.ok-dev: requirements/dev.lock | .venv/.made
	$(call install_lock,requirements/dev.lock)
	@touch .venv/.ok-base $@

install: .venv/.ok-dev
	@$(PY) -m config.catalogues

locks: .venv/.ok-dev
	@$(PY) -m pip install --quiet $(UV)
	@for set in base dev; do .venv/bin/uv pip compile --quiet --universal --generate-hashes \
	  --python-version 3.11 --no-emit-index-url --no-header --no-annotate --upgrade \
	  requirements/$$set.in -o requirements/$$set.lock || exit 1; done

# --- the product ----------------------------------------------------------------------------
# exec: make's child is the demo itself, so that Ctrl-C and a SIGTERM to make reach it. What the
# environment says about an installation is not meant for the demo: it keeps to itself.
demo: .venv/.ok-base
	@$(PY) -m config.catalogues
	@exec env $(foreach name,$(INSTALLATION),-u $(name)) $(PY) manage.py demo --port $(PORT)

bench: .venv/.ok-dev
	@exec $(PY) -m benchmarks

soak: .venv/.ok-dev
	@exec $(PY) -m benchmarks.soak

# --- the tests ------------------------------------------------------------------------------
test: .venv/.ok-dev
	@$(PY) -m config.catalogues
	@exec $(PY) -m pytest $(ARGS)

# `make -k check` goes on after a failure and shows them all.
check: lint walls rules templates types migrations texts

lint: .venv/.ok-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

walls: .venv/.ok-dev
	.venv/bin/lint-imports --no-logo

rules: .venv/.ok-dev
	$(PY) -m tests.house_rules

templates: .venv/.ok-dev
	$(if $(TEMPLATES),.venv/bin/djade --check --target-version 5.2 $(TEMPLATES))
	$(if $(TEMPLATES),.venv/bin/djlint --lint --quiet $(TEMPLATES))

types: .venv/.ok-dev
	.venv/bin/mypy

migrations: .venv/.ok-dev
	$(PY) manage.py makemigrations --check --dry-run

texts: .venv/.ok-dev
	$(PY) manage.py catalogues --check
