# Everything a newcomer, a developer or the CI types. 'make' alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs build setup clean

ROS_DISTRO ?= jazzy
export ROS_DISTRO
ifdef PYTHON
export PYTHON
endif
ifdef LAECIPS_VENV
export LAECIPS_VENV
endif
# The demo and the tests keep to this machine unless told otherwise.
ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST
export ROS_AUTOMATIC_DISCOVERY_RANGE

PACKAGES := laecips_core laecips_ros laecips_edge laecips_cloud laecips_bridge laecips_bringup
TESTS := $(wildcard src/*/test) test
ARGS ?=

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16
	@echo '  variables: ROS_DISTRO=jazzy|kilted  PYTHON=python3.11  LAECIPS_VENV=/path  ARGS="for demo or pytest"'

demo: build  ## show the whole loop on one machine
	@source tools/env.sh && exec laecips demo $(ARGS)

# One thread a process: the nodes, the tests and torch would fight for a small machine's cores.
test: build  ## run every test
	@source tools/env.sh && OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} exec python -m pytest $(TESTS) $(ARGS)

lint: setup  ## run every linter and the type checker
	@source tools/workspace.sh && laecips_enter && set -x && \
	ruff check . && \
	ruff format --check . && \
	mypy tools $(foreach p,$(PACKAGES),src/$(p)/$(p)) && \
	codespell && \
	for script in tools/*.sh .ci/run; do bash -n "$$script"; done

format: setup  ## rewrite the Python files in the house form
	@source tools/workspace.sh && laecips_enter && ruff check --fix . ; ruff format .

docs: setup  ## build the documentation site into out/site
	@source tools/workspace.sh && laecips_enter && NO_MKDOCS_2_WARNING=1 exec mkdocs build --quiet

build: setup  ## build the workspace with colcon
	@tools/setup.sh build

setup:  ## make the Python environment
	@tools/setup.sh env

clean:  ## remove what was built here (the environment in the cache stays)
	@rm -rf build install log
	@find . -name .git -prune -o -type d '(' -name __pycache__ -o -name '.*_cache' -o -name .hypothesis ')' \
	  -prune -print0 | xargs -0 rm -rf
