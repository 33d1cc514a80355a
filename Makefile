# Thin fronts for the commands. `make` alone prints this help.
.DEFAULT_GOAL := help
.PHONY: help record test review benchmark campaigns calibrate train-detector train-reader train-drawings setup lint lock tesseract chromium clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The newest Python from 3.11 on; `make PYTHON=/path/to/python record` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

help: ## Print this help
	@echo "workshop-transcription: from phone photographs of workshop boards to an honest public record"
	@echo
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-16s %s\n", $$1, $$2}'

record: $(READY) tesseract ## Make the record of every workshop in raw/ (the sample at first)
	@$(BIN)/workshop run

review: $(READY) ## Check and correct the notes in a browser, the most doubtful first
	@$(BIN)/workshop review

test: $(READY) tesseract chromium lint ## Check style and types, then run all tests
	@$(BIN)/pytest -q -n auto

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

benchmark: $(READY) tesseract ## Measure accuracy and speed, beside what one would use instead
	@$(BIN)/python -m tests.benchmark

campaigns: $(READY) ## Kill it 500 times at random moments and feed it 10,000 mutated files (an hour or more)
	@$(BIN)/python -m tests.campaigns kills 500 && $(BIN)/python -m tests.campaigns fuzz 10000

calibrate: $(READY) ## Fit how sure a reading must be (needs ../shared; readings are kept, so again it is quick)
	@$(BIN)/python -m pipeline.training.calibrate

# Training needs torch and pictures of its own, so it has an environment of its own.
train-detector: ## Train the note detector anew (an hour or more; needs npm for its fonts)
	@test -x .venv-train/bin/python || "$(PYTHON)" -m venv .venv-train
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check -r pipeline/training/detector/requirements.txt
	@.venv-train/bin/python -m pipeline.training.detector

train-reader: ## Fine-tune the recogniser anew (an hour; needs npm for its fonts and ../shared/unipen)
	@test -x .venv-train/bin/python || "$(PYTHON)" -m venv .venv-train
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check -r pipeline/training/reader/requirements.txt
	@.venv-train/bin/python -m pipeline.training.reader --strokes ../shared/unipen

train-drawings: $(READY) ## Fit anew what tells a drawing from writing (minutes; needs npm and ../shared/unipen)
	@$(BIN)/python -m pipeline.training.drawings

setup: $(READY) tesseract ## Install everything into .venv, and Tesseract where that is allowed

clean: ## Delete what can be computed again: processed/ (decisions and editions are kept)
	@echo "Deleting the contents of processed/: computed results only, nothing a person decided."
	@find processed -mindepth 1 ! -name .gitkeep -delete

$(READY): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed: https://www.python.org/downloads/"; exit 1; fi
	@test -x $(BIN)/python || { echo "Setting up .venv (once; a few minutes)…"; "$(PYTHON)" -m venv $(VENV) || { \
		rm -rf $(VENV); echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Tesseract reads the printed headings. It is installed where this account may install things; where it
# may not, the run goes on with the other reader and the record says so.
tesseract:
	@command -v tesseract >/dev/null 2>&1 || { \
		if command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ]; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tesseract-ocr tesseract-ocr-eng >/dev/null; \
		elif command -v apt-get >/dev/null 2>&1 && sudo -n true 2>/dev/null; then \
			sudo -n apt-get update -qq && sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tesseract-ocr tesseract-ocr-eng >/dev/null; \
		elif command -v brew >/dev/null 2>&1; then brew install --quiet tesseract; \
		else false; fi; } || \
		echo "Tesseract is not installed; going on without it. To add it: sudo apt-get install tesseract-ocr tesseract-ocr-eng (or: brew install tesseract)"

# The review page is tested in a real browser. Where none may be installed, those tests are skipped and say so.
chromium:
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || { \
		if command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ]; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; \
		elif command -v apt-get >/dev/null 2>&1 && sudo -n true 2>/dev/null; then \
			sudo -n apt-get update -qq && sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; \
		else false; fi; } || \
		echo "No browser to test the review page in; going on without. To add one: sudo apt-get install chromium chromium-driver"

lock: ## Renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra test --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
