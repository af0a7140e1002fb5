# Everything a fresh machine with Python 3.11+ and make needs; `.venv` is made here and nowhere else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_VERSION := 0.13.9
# The tests start hundreds of Python processes; each would compile anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install up demo test test-unit test-contract test-plans test-integration test-hostile test-hostile-long test-faults test-corpus test-chart chart-schema test-browser test-cluster cluster images test-images buildah chromium compiler pictures check docs format lock clean bench bench-replay bench-faults bench-pages bench-runs bench-sweep bench-cluster bench-queue test-story test-node node-possible node-parts node-cluster node-packages

help: ## show the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Madang needs Python 3.11 or newer; give one with: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock --editable '.[all,dev]'
	touch $@

install: $(STAMP) ## make .venv with everything in it

up: $(STAMP) ## start proxy, hub and service on this machine
	$(BIN)/madang up

demo: $(STAMP) ## tell the whole story over HTTP and check every step
	$(BIN)/madang demo

# A plugin that tests/hostile alone needs, and that every process would take five seconds to load.
PYTEST := $(BIN)/python -m pytest -p no:schemathesis
PLANS := tests/contract/services/plans
FORK_SAFETY := tests/integration/forked/test_fork_safety.py

test: test-unit test-contract test-integration ## all tests that need nothing but this machine

test-unit: $(STAMP) ## rules, without I/O
	$(PYTEST) -n 2 --dist worksteal tests/unit

test-contract: $(STAMP) ## one suite for every engine and every store
	$(PYTEST) -n 3 --dist worksteal tests/contract --ignore $(PLANS)

test-plans: $(STAMP) ## every story with one thing going wrong at every point of it
	$(PYTEST) -n 2 $(PLANS)

# Most of their time they wait for processes to start, answer and end, so three share two cores.
test-integration: $(STAMP) ## real hub, kernels, Dask and databases
	$(PYTEST) -n 3 --dist loadfile tests/integration --ignore tests/integration/stack --ignore $(FORK_SAFETY)

test-hostile: $(STAMP) ## everything the API and the pages can be sent, and who may do what (4 minutes)
	$(BIN)/python -m pytest -n 2 tests/hostile

test-hostile-long: $(STAMP) ## the same with 2,000 requests for each operation; choose which with HOSTILE_SEED
	HOSTILE_EXAMPLES=2000 HOSTILE_SEED=$${HOSTILE_SEED:-$$(date +%s)} \
		$(BIN)/python -m pytest -n 2 --timeout 0 tests/hostile/test_description.py

# For a clock that jumps for one installation alone; the day says so where there is none.
compiler:
	@command -v cc >/dev/null || test "$$(id -u)" != 0 || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends gcc libc6-dev; }

test-faults: $(STAMP) compiler ## kills, refusals, full disks and jumping clocks on a real installation
	$(PYTEST) tests/integration/stack tests/faults

test-corpus: $(STAMP) ## notebooks of all kinds give cell by cell what stock papermill gives, and what a fork may inherit
	$(PYTEST) -n 2 tests/corpus $(FORK_SAFETY)

HELM := $(BIN)/python tests/cluster/binaries.py helm

test-cluster: $(STAMP) ## leases on a real Kubernetes control plane with Kueue, built once with Go (10 minutes, then 5), or on the cluster of KUBECONFIG
	test -n "$$KUBECONFIG" || $(BIN)/python tests/cluster/binaries.py etcd kube-apiserver kube-controller-manager kube-scheduler kueue kwok
	$(HELM)
	$(PYTEST) tests/cluster --ignore $(NODE)

cluster: $(STAMP) ## start such a control plane by hand and say how to reach it
	$(BIN)/python tests/cluster/cluster.py

images: ## build the images with docker, podman or buildah: make images REGISTRY=registry.example.org/madang PUSH=1
	platform/images/build.sh

# Debian's packages, once; who is not root gets the next step from the tests themselves.
buildah:
	@command -v buildah debootstrap >/dev/null || test "$$(id -u)" != 0 || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends buildah debootstrap; }

test-images: $(STAMP) buildah ## the images, built without a daemon or a registry, and what starts in them (10 minutes, then seconds)
	$(BIN)/python tests/cluster/images.py
	$(PYTEST) tests/images

NODE := tests/cluster/node
NODE_PARTS := etcd kube-apiserver kube-controller-manager kube-scheduler kueue kwok kubectl kubelet kube-proxy \
	containerd containerd-shim-runc-v2 ctr bridge host-local loopback portmap coredns kube-router local-path-provisioner

# Debian's packages, once; whoever is not root, or has another system, gets the next step from the program itself.
node-packages:
	@test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || which runc ipset conntrack busybox iptables ip >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
		runc iptables iproute2 ipset conntrack busybox-static; }

node-parts: $(STAMP) node-packages buildah
	$(BIN)/python tests/cluster/binaries.py $(NODE_PARTS) helm
	$(BIN)/python tests/cluster/images.py

node-possible: $(STAMP) node-packages
	$(BIN)/python $(NODE)/contained.py true

test-story: node-parts ## from helm install to helm uninstall on a contained node, with pods that really run (root; 3 minutes, the first time 20)
	$(BIN)/python $(NODE)/contained.py $(PYTEST) $(NODE)/test_whole_story.py

test-node: node-parts ## all that really runs on a contained node (root)
	$(PYTEST) $(NODE)/test_contained.py
	$(BIN)/python $(NODE)/contained.py $(PYTEST) $(NODE) --ignore $(NODE)/test_contained.py

node-cluster: $(STAMP) node-packages ## start such a cluster with a node by hand and say how to enter it (root)
	$(BIN)/python tests/cluster/binaries.py $(NODE_PARTS)
	$(BIN)/python $(NODE)/contained.py $(BIN)/python $(NODE)/node_cluster.py

test-chart: $(STAMP) ## the Helm chart by the real helm 4 (built once with Go; or MADANG_HELM=…)
	$(HELM)
	$(PYTEST) -n 2 tests/chart

chart-schema: $(STAMP) ## write values.schema.json anew, from values.yaml and its comments
	$(BIN)/python tests/chart/values_schema.py

bench: $(STAMP) bench-replay bench-pages ## all figures against their peers: spawn, reads, pages, cluster, memory, replay (30 minutes)
	$(BIN)/python tests/benchmarks/bench_spawn.py
	test "$$(id -u)" != 0 || $(BIN)/python tests/benchmarks/bench_spawn.py --login pam --crowds 2
	$(BIN)/python tests/benchmarks/bench_reads.py
	$(BIN)/python tests/benchmarks/bench_cluster.py
	$(BIN)/python tests/benchmarks/bench_memory.py

# Debian's packages, once; who is not root gets the next step from the tests themselves.
chromium:
	@test -x /usr/bin/chromium || test "$$(id -u)" != 0 || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk; }

# They drive the browser from an event loop; in one process with the others, that loop runs already.
BROWSER_ASYNC := tests/browser/test_dashboard_apart.py tests/browser/test_output_walls.py

test-browser: $(STAMP) chromium ## people with a real browser against a real installation
	$(BIN)/python -m pytest -m browser $(BROWSER_ASYNC)
	$(BIN)/python -m pytest tests/browser -m browser $(BROWSER_ASYNC:%=--ignore %)

pictures: $(STAMP) chromium ## take the pictures of the README anew
	$(BIN)/python tests/browser/take_pictures.py

bench-replay: $(STAMP) ## replay a real trace through the queue: speed, waits, ratio to a plain queue
	$(BIN)/python tests/benchmarks/bench_replay.py

bench-faults: $(STAMP) compiler ## 200 kills on each database while ten people work; replay: SEED=… KILLS=… DAY=…
	$(BIN)/python tests/faults/campaign.py --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED)) $(if $(DAY),--day $(DAY))
bench-pages: $(STAMP) chromium ## weight of each page on a cold cache, and its first paint
	$(BIN)/python tests/benchmarks/bench_pages.py

bench-sweep: $(STAMP) ## sweeps through the service beside the papermill command, three kinds of notebooks
	$(BIN)/python tests/benchmarks/bench_sweep.py

bench-cluster: $(STAMP) ## on a real control plane: a thousand leases beside gated pods, a hub with a long queue beside a stock hub, a large site (an hour)
	$(BIN)/python tests/benchmarks/bench_kueue.py
	$(BIN)/python tests/benchmarks/bench_waiting_hub.py
	$(BIN)/python tests/benchmarks/bench_turns.py
	$(BIN)/python tests/benchmarks/bench_scale.py
	$(BIN)/python $(NODE)/contained.py $(BIN)/python tests/benchmarks/bench_node.py

bench-queue: $(STAMP) ## 10,000 runs that wait: seconds of their submit, memory of the service, milliseconds of a page
	$(BIN)/python tests/benchmarks/bench_queue.py

bench-runs: $(STAMP) ## one run with a forked kernel beside one with stock papermill, both in a loop
	$(BIN)/python tests/benchmarks/bench_runs.py

check: $(STAMP) ## format, lint, types, import contracts; what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the reference pages anew, from the program itself
	$(BIN)/python -m madang.cli.reference platform/docs/reference

format: $(STAMP) ## write the format that check wants
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## write requirements.lock anew (versions and hashes, no addresses)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--all-extras --python-version 3.11 --output-file requirements.lock pyproject.toml

clean: ## remove .venv and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
