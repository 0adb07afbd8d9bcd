# What can be done here: `make help`. The first call of any target does the whole set-up.
SHELL := /bin/bash
PYTHON := .venv/bin/python

.PHONY: lint test
lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

test: lint
	$(PYTHON) -m pytest
