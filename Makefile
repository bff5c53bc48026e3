# Everything that a contributor does often. `make help` lists it.

GO       ?= go
TESTTIME ?= 15m
FUZZTIME ?= 20s

.DEFAULT_GOAL := help
.PHONY: help build test race lint bench fuzz demo docs ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## a static binary, ./sitrep
	CGO_ENABLED=0 $(GO) build -trimpath -tags timetzdata -ldflags '-s -w' -o sitrep ./cmd/sitrep

test: ## all tests; those that need a real server are skipped where there is none
	$(GO) test ./...

race: ## all tests with the race detector
	$(GO) test -race -timeout $(TESTTIME) ./...

lint: ## what .ci/run refuses before any test: format, vet and golangci-lint
	./.ci/run lint

bench: ## all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "== $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

demo: ## an incident to play with, in the browser
	$(GO) run ./cmd/sitrep demo

docs: ## write the generated tables into the documents
	$(GO) run ./cmd/sitrep docs README.md docs/integrations.md

ci: ## what a change must pass
	./.ci/run
