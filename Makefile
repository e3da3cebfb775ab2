# Everything happens in .venv, made anew where pyproject.toml is newer.
# A plain `pip install torch` may bring several GB of CUDA packages: TORCH says which one is installed if none is there.

PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin

unexport PYTHONDONTWRITEBYTECODE # where it is set, every process of a run compiles every module anew

.PHONY: verify test lint against clean

verify: .venv/installed
	$(BIN)/lstm-parity verify

test: .venv/installed
	$(BIN)/python -m pytest --references parity_tests meta_tests

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The installed torch against the record of its version.
against: .venv/installed
	$(BIN)/lstm-parity record .venv/installed.record
	$(BIN)/lstm-parity compare \
		records/$$($(BIN)/python -c "import torch; print(torch.__version__.partition('+')[0])").record .venv/installed.record

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)" numpy
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch .venv/installed

clean:
	rm -rf .venv
