# A convenience: everything here can be typed without make (see README.md).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Where it is set, every process of the tests compiles all programs anew, which takes longer than most tests do.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check contract bench proofs clean install install-dev

demo: install
	$(BIN)/lms-sync demo

install: $(VENV)/.run-installed
install-dev: $(VENV)/.dev-installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Type: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv is missing here. Type: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.run-installed: requirements/run.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/build.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev-installed: requirements/dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run-installed

check: install-dev
	$(BIN)/python tests/programs.py php
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/lint_php.py

test: install-dev
	$(BIN)/python tests/programs.py chromium php postgresql poppler
	$(BIN)/python tests/certificates/third_parties/judge.py
	@# The tests are compiled while they are checked: one processor has time for it.
	@$(BIN)/python -m pytest --collect-only --quiet >/dev/null 2>&1 & \
	  $(MAKE) --no-print-directory check; checked=$$?; wait; exit $$checked
	$(BIN)/python -m pytest --numprocesses auto --no-loadscope-reorder

contract: install-dev
	$(BIN)/python -m pytest tests/contract -s

# Measures beside peers and writes bench/results.json; on a Moodle where MOODLE_URL and MOODLE_TOKEN are set.
bench: install-dev
	$(BIN)/python bench

# The long campaigns; KILLS, SEED and YAML_SERVER (a yaml-language-server) may be given.
KILLS ?= 2000
SEED ?= 1
proofs: install-dev
	$(BIN)/python tests/crash/campaign.py --every
	$(BIN)/python tests/crash/campaign.py --random $(KILLS) --seed $(SEED)
	NOTHING_LOST_EXAMPLES=2000 $(BIN)/python -m pytest tests/facts/test_nothing_lost.py
	$(BIN)/python tests/facts/planted.py
	PYTHONPATH=. $(BIN)/python tests/facts/kill_campaign.py --kills $(KILLS) --seed $(SEED)
	$(BIN)/python -m pytest -p tests.on_postgresql tests/facts tests/people tests/sessions tests/certificates/test_register.py -k "not killed and not eight and not NothingLost and not refuses_in_the_middle"
	$(BIN)/python tests/jobs/kill_campaign.py apscheduler --seconds 30 --processes 2 --seed $(SEED)
	$(BIN)/python tests/jobs/kill_campaign.py procrastinate --seconds 30 --processes 4 --seed $(SEED)
	$(BIN)/python tests/certificates/third_parties/campaign.py
	MAIL_KILLS=500 SEED=$(SEED) $(BIN)/python -m pytest -s tests/certificates/test_delivery_killed.py
	GRANTS=1000 $(BIN)/python -m pytest tests/certificates/test_register.py -k eight_processes
	LIFECYCLE_EXAMPLES=300 $(BIN)/python -m pytest tests/certificates/test_lifecycle.py
	LARGE_UPLOAD_MB=200 $(BIN)/python -m pytest -s tests/push/test_large_upload.py
	EVERYTHING=1 $(BIN)/python -m pytest tests/certificates/test_portal_in_browser.py tests/course_packages tests/theme/test_in_browser.py tests/helpdesk/test_in_browser.py tests/demo tests/drift tests/hand_over tests/push
	$(if $(YAML_SERVER),$(BIN)/python tests/quizzes/editor_campaign.py $(YAML_SERVER),@echo "No YAML_SERVER: completion and hover in editors not tried.")

clean:
	rm -rf build dist demo-academy .mypy_cache .ruff_cache .pytest_cache
