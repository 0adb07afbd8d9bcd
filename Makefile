# What can be done here: `make help`. Each target first sets up what it needs; once that is done, it costs a second.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first Python that is new enough and really starts; the environment is made with it.
SYSTEM_PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)
PYTHON := .venv/bin/python

.PHONY: help setup demo run test test-long mutants bench lint lock clean

help: ## list what can be done
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## environment, Asterisk and the other programs, prompts: whatever is not there yet
	@[ -n "$(SYSTEM_PYTHON)" ] || { echo "Python 3.11 or later is needed: apt-get install python3" >&2; exit 1; }
	@$(SYSTEM_PYTHON) -m app.install

demo: setup ## the whole service with synthetic callers and agents; Ctrl-C ends it
	@exec .venv/bin/assistline demo

run: setup ## the service with the configuration of AL_CONFIG; Ctrl-C ends it
	@exec .venv/bin/assistline up

lint: setup ## ruff, mypy and the import contracts
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-logo

# Files in which most time is spent waiting come first: in the order of their names, not by how many tests they hold.
test: lint ## every test, at sizes that end in under ten minutes; three files at a time, since most of it is waiting
	@exec $(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: lint ## the same tests at the sizes that the issues name
	@AL_LONG=1 exec $(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --timeout 1800 $(ARGS)

mutants: setup ## seed known faults of routing into copies of the tree; each must break the law that it is listed with
	@exec $(PYTHON) -m tests.mutants $(ARGS)

bench: setup ## one benchmark: make bench ENTRY=agi
	@[ -n "$(ENTRY)" ] || { echo "Which one? make bench ENTRY=agi, for example" >&2; exit 2; }
	@exec $(PYTHON) -m benchmarks.$(subst -,_,$(ENTRY))

lock: setup ## write requirements.lock anew from pyproject.toml, with hashes and without URLs
	@$(PYTHON) -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
		--output-file requirements.lock pyproject.toml

clean: ## remove what was made here; an instance's home (.home) stays
	rm -rf .venv .runtime build *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
