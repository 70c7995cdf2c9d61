# make help lists what there is; each target is one line of shell.
GO ?= go
LINT = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
export GOFLAGS ?=

FUZZTIME ?= 15s

.PHONY: help build demo test vet race lint duel kafka long crash bench fuzz proto clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

# The first build is the newcomer's wait. The binary has no tables for debuggers
# and no C, so none are compiled (a tenth of the time each), and the standard
# library is built while the modules still download. The compiler lives for a
# second: it collects no garbage before it holds 1 GiB (a fifth of the time).
COMPILE = -dwarf=false
BUILD = GOGC=off GOMEMLIMIT=1GiB CGO_ENABLED=0 $(GO) build -gcflags='all=$(COMPILE)'
build: ## build the binary ./mashang
	$(BUILD) net/http html/template encoding/xml image/jpeg archive/zip & $(GO) list -deps ./cmd/mashang >/dev/null; wait; \
	$(BUILD) -ldflags='-s -w' -o mashang ./cmd/mashang

# Where there is no binary of make build yet, the demo's is compiled without
# inlining: a fifth of the wait less, for a hub that is a tenth slower.
demo: ## run the demo city with its own broker and database
	@if $(GO) version -m mashang 2>/dev/null | grep -q 'gcflags=all=$(COMPILE)$$'; \
	then $(MAKE) --no-print-directory build; else $(MAKE) --no-print-directory build COMPILE='-l $(COMPILE)'; fi
	./mashang demo

test: vet lint ## vet, lint and all tests but the slow legs
	$(GO) test ./...

vet: ## go vet
	$(GO) vet ./...

race: ## the same tests under the race detector
	$(GO) test -race -short ./...

lint: ## golangci-lint with the set of .golangci.yml
	$(LINT) run ./...

kafka: ## the bus suite on Apache Kafka, killed under it too (needs JDK 17 and Maven)
	.ci/kafka/run

duel: ## a million fresh pairs of rules and cases, index against the plain loop; prints the seed
	$(GO) test -count=1 -v -run Duel ./rules/index/

long: ## Watermill's stress test, and a PostgreSQL from Maven Central
	MASHANG_TEST_STRESS=1 STRESS_TEST_COUNT=3 $(GO) test -count=1 -run Stress -timeout 15m ./hub/bus/kafka/
	MASHANG_TEST_DOWNLOAD=1 $(GO) test -count=1 -run Downloaded -v ./hub/postgres/local/

CRASH_ROUNDS ?= 20
crash: ## kill -9 of hub, plugins, PostgreSQL and Apache Kafka under load, 20 rounds each
	MASHANG_CRASH_ROUNDS=$(CRASH_ROUNDS) MASHANG_CRASH_KAFKA=1 $(GO) test -count=1 -run TestKilled -v -timeout 35m ./cmd/mashang/

fuzz: ## fuzz every decoder, FUZZTIME (15s) each
	.ci/fuzz $(FUZZTIME)

bench: build ## the whole way against a bare loop, on the embedded broker and on Apache Kafka
	./mashang bench pipeline --cases 200000 --rules 300 -o json
	.ci/kafka/run sh -c './mashang bench pipeline --cases 200000 --rules 300 --kafka $$MASHANG_TEST_KAFKA -o json'

proto: ## generate the plugin protocol (needs protoc)
	protoc -I plugins --python_out=plugins/sdk/python department.proto
	protoc -I plugins --go_out=plugins/pluginpb --go_opt=paths=source_relative --go-grpc_out=plugins/pluginpb --go-grpc_opt=paths=source_relative department.proto
	protoc -I adapters --go_out=adapters/adapterpb --go_opt=paths=source_relative --go-grpc_out=adapters/adapterpb --go-grpc_opt=paths=source_relative adapter.proto
	protoc -I adapters --python_out=adapters/external/example/python adapter.proto

clean: ## remove the binary
	rm -f mashang
