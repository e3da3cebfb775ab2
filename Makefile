# Everything happens in .venv, made anew where pyproject.toml is newer.
# A plain `pip install torch` may bring several GB of CUDA packages: TORCH says which one is installed if none is there.

PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin

unexport PYTHONDONTWRITEBYTECODE # where it is set, every process of a run compiles every module anew

.PHONY: verify test lint against portability browser docs frameworks frameworks-judged frameworks-installed clean

verify: .venv/installed
	$(BIN)/lstm-parity verify

test: .venv/installed
	$(BIN)/python -m pytest --lstm-references parity_tests tests meta_tests

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

# The installed torch against the record of its version.
against: .venv/installed
	$(BIN)/lstm-parity record .venv/installed.record
	$(BIN)/lstm-parity compare \
		records/$$($(BIN)/python -c "import torch; print(torch.__version__.partition('+')[0])").record .venv/installed.record

# The tests with fewer vector instructions: `make portability CELLS="--cells 2"` runs the two cells with the fewest.
portability: .venv/installed
	$(BIN)/python -m experiments.portability $(CELLS)

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile "$(TORCH)" numpy --editable ".[dev]"
	touch .venv/installed

# Pages in a headless Chromium: fails without one (apt-get install chromium, or CHROMIUM=PROGRAM), and skips nothing.
browser: .venv/browser-installed
	$(BIN)/python -m specimens.browser
	$(BIN)/python -m pytest -n0 tests/pages/test_page_in_browser.py

.venv/browser-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable ".[dev,browser]"
	touch $@

# The documentation as a site, build/site/index.html: warnings and links that lead nowhere are errors.
docs: .venv-docs/installed
	rm -rf build/site
	.venv-docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env -c docs . build/site
	.venv-docs/bin/python -m pages.site build/site

.venv-docs/installed: requirements/docs.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	touch $@

# Other frameworks, in an environment of their own: `make frameworks FRAMEWORKS="paddle keras"` installs and judges some.
FRAMEWORKS ?= paddle onnxruntime keras jax opacus tinygrad mlx
OTHER := .venv-frameworks
PIP := $(OTHER)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile

frameworks: frameworks-judged
	$(OTHER)/bin/python -m pytest framework_tests -rs

frameworks-judged: frameworks-installed
	$(OTHER)/bin/lstm-parity frameworks --json frameworks.json $(FRAMEWORKS:%=--demand %)

frameworks-installed: $(FRAMEWORKS:%=$(OTHER)/%.installed)

$(OTHER)/%.installed: requirements/%.txt | $(OTHER)/installed
	$(PIP) --requirement $<
	touch $@

# (tf-keras asks for the package tensorflow by name, and does with tensorflow-cpu)
$(OTHER)/keras.installed: requirements/keras.txt requirements/keras-alone.txt | $(OTHER)/installed
	$(PIP) --requirement requirements/keras.txt
	$(PIP) --no-deps --requirement requirements/keras-alone.txt
	touch $@

$(OTHER)/installed: pyproject.toml
	$(PYTHON) -m venv $(OTHER)
	$(PIP) "$(TORCH)" numpy --editable ".[test]"
	touch $@

clean:
	rm -rf .venv $(OTHER) .venv-docs build/site
