# make help lists what there is; each target is one line of shell.
GO ?= go
LINT = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
export GOFLAGS ?=

.PHONY: help build demo test race lint kafka crash bench proto clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

build: ## build the binary ./mashang
	$(GO) build -o mashang ./cmd/mashang

demo: build ## run the demo city with its own broker and database
	./mashang demo

test: ## vet and all tests but the slow legs (under 3 minutes)
	$(GO) vet ./...
	$(GO) test ./...

race: ## the same tests under the race detector
	$(GO) test -race -short ./...

lint: ## golangci-lint with the set of .golangci.yml
	$(LINT) run ./...

kafka: ## the bus suite on Apache Kafka (needs JDK 17 and Maven)
	.ci/kafka/run

crash: ## kill -9 rounds under load
	MASHANG_CRASH_ROUNDS=20 $(GO) test -count=1 -run TestKilled -v -timeout 30m ./cmd/mashang/...

bench: build ## the whole way against a bare loop
	./mashang bench pipeline --cases 200000 --rules 300 -o json

proto: ## generate the plugin protocol (needs protoc)
	protoc -I plugins --go_out=plugins/pluginpb --go_opt=paths=source_relative --go-grpc_out=plugins/pluginpb --go-grpc_opt=paths=source_relative department.proto

clean: ## remove the binary
	rm -f mashang
