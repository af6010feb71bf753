# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test browser curl lint wheel bench docs reference pictures clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/installed  ## The main job: a mock, the example service, a judged run, and report/report.html.
	$(BIN)/pass-conformance demo --report report

browser: $(VENV)/installed  ## Chromium for the tests of the pages, if there is none yet.
	$(BIN)/python tests/browser/chromium.py

curl:  ## For the tests of the how-to pages, if there is none yet.
	command -v curl >/dev/null || { apt-get update --quiet && apt-get install --yes --no-install-recommends curl; }

test: browser curl  ## Every test.
	$(BIN)/python -m pytest

lint: $(VENV)/installed  ## Style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(VENV)/installed  ## The wheel, in dist/.
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

bench: $(VENV)/installed  ## The mock's speed against a bare ASGI app.
	$(BIN)/pass-load bench

docs: $(VENV)/installed  ## The documentation as a site, in site/.
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

reference: $(VENV)/installed  ## The reference pages that are made from the code, anew.
	$(BIN)/python -m docs.tooling.reference
	$(BIN)/python tests/matrix/matrix_page.py
	$(BIN)/python -m tests.mock_server.departures_table
	$(BIN)/python -m tests.mock_server.sample_table

pictures: browser  ## The pictures of the docs, anew, from real runs.
	$(BIN)/python tests/browser/pictures.py

clean:
	rm -rf $(VENV) report dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
