# The one door. `make` or `make help` lists what is behind it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_LINT := v2.15.0
CONTROLLER_GEN := v0.21.0
CACHE := $(or $(FEDNS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/fedns)
FUZZTIME := 60s
RACE := $(if $(shell command -v gcc || command -v clang),-race)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help build demo test test-short test-integration test-alone test-clusters simulate prerequisites cross lint fuzz soak bench bench-discovery bench-federation bench-providers generate docs

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## build bin/fedns, static
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/fedns ./cmd/fedns

demo: ## run three member clusters from built-in manifests; ARGS=--script: play the scenario; REAL=1: three real API servers
ifeq ($(REAL),1)
	cd integration && go run ./demo $(ARGS)
else
	go run ./cmd/fedns demo $(ARGS)
endif

test: prerequisites lint cross test-short test-alone ## everything that CI asks for
	$(MAKE) --no-print-directory -j2 test-clusters simulate ASIDE="$(shell chrt --idle 0 true 2>/dev/null && echo chrt --idle 0 || echo nice -n 19)"

test-short: ## unit tests, with the race detector where there is a C compiler
	go vet ./...
	go test $(RACE) ./...

test-integration: test-alone test-clusters ## tests against real API servers, name servers and clients, which it installs or builds

# Packages whose tests hold programs to seconds: nothing runs beside them.
ALONE := bench|protocol|secondary|slow
INTEGRATION = cd integration && FEDNS_BIN=$(CURDIR)/bin/fedns go test -count=1 -timeout 60m

test-alone: prerequisites build
	cd integration && go vet ./... && go run ./prebuild
	$(INTEGRATION) -p 1 $$(go list ./... | grep -E '/($(ALONE))$$')

# All others. They wait most of the time, and are patient.
test-clusters: prerequisites build
	cd integration && go run ./prebuild
	$(INTEGRATION) -p 2 $$(go list ./... | grep -vE '/($(ALONE))$$')

simulate: ## 100,000 random histories of clusters, network and daemon, 50,000 of writers of a hosted zone (FEDNS_SIM_SEEDS), five minutes on two cores
	FEDNS_SIM_SEEDS=$${FEDNS_SIM_SEEDS:-100000} $(ASIDE) go test -count=1 -timeout 60m -run Histories -v ./discovery/simulation
	FEDNS_SIM_SEEDS=$${FEDNS_SIM_SEEDS:-50000} $(ASIDE) go test -count=1 -timeout 60m -run Histories -v ./providers/simulation
	$(ASIDE) go test -count=1 -timeout 20m -tags unguarded -run MissingGuard -v ./providers/simulation

prerequisites: # name servers and clients that tests ask, from packages
	integration/prerequisites

cross: ## build for other systems
	GOOS=linux GOARCH=arm64 go build -o /dev/null ./cmd/fedns
	GOOS=darwin GOARCH=arm64 go build ./dnsserver/...
	GOOS=windows GOARCH=amd64 go build ./dnsserver/...

lint: $(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT) ## check the house's rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$< run ./...
	cd integration && $< run --config ../.golangci.yml --disable depguard,errcheck,gosec,noctx ./... # all of it is test code, and may import anything

$(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT):
	@echo "building golangci-lint $(GOLANGCI_LINT) (about 3 minutes, once)"
	@mkdir -p $(@D) $(@D)/.lint
	GOBIN=$(@D)/.lint go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	@mv $(@D)/.lint/golangci-lint $@

fuzz: ## run every fuzz target for FUZZTIME (60s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
	  (cd $$dir && grep -hoE '^func (Fuzz[A-Za-z0-9_]+)' *_test.go | awk '{print $$2}') | while read -r f; do \
	    echo "$$dir $$f"; (cd $$dir && go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) .); done; done

soak: prerequisites ## the long random runs: a million random placements, 10,000 random zones against other name servers, two minutes of changes before secondaries
	FEDNS_SOAK=1 go test -count=1 -timeout 60m -run Properties -v ./federation/placement
	cd integration && FEDNS_SOAK=1 go test -count=1 -timeout 60m -run Differential -v ./difftest
	cd integration && FEDNS_SOAK=1 go test -count=1 -timeout 60m -run ManyChanges -v ./secondary

bench: ## measure the name server beside its peers, ten minutes on a quiet machine; ARGS="-rounds 1 -only tcp": parts
	cd integration && go run ./bench $(ARGS)

bench-providers: ## measure how records are kept at providers, ten minutes; ARGS="-rounds 1 -only pack": parts
	cd integration && go run ./benchproviders $(ARGS)

bench-federation: ## measure propagation from a real host to simulated members, ten minutes; ARGS="-templates 100 -only one": parts
	cd integration && go run ./benchfederation $(ARGS)

bench-discovery: ## measure discovery before real and simulated API servers, ten minutes; ARGS="-rounds 1 -only small": parts
	cd integration && go run ./benchdiscovery $(ARGS)

generate: docs ## write generated files anew
	go run sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN) object paths=./federation/api/... # all paths of one run are one list
	go run sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN) crd paths=./federation/api/v1alpha1/... output:crd:dir=deploy/crds
	go run sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN) crd paths=./federation/api/karmada/... output:crd:dir=deploy/crds/karmada
	go run sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN) crd paths=./federation/api/kubefed/core/... paths=./federation/api/kubefed/scheduling/... paths=./federation/api/kubefed/multiclusterdns/... output:crd:dir=deploy/crds/kubefed
	go test ./federation/kubefed -run Definitions -update

docs: ## write the generated parts of docs/ anew
	go test ./cmd/fedns/config -run Reference -update
	go test ./cmd/fedns -run "Reference|ProviderLimits" -update
