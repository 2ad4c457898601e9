# The two commands: «make demo» shows the main job, «make test» passes the tests.
# Both need Go and nothing else.

# One way to build everywhere, with or without a C compiler; without libc the
# program is a tenth smaller in memory.
export CGO_ENABLED := 0

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

# How many bytes may be linked, stripped: of an authorization app, as a phone carries
# it, and of the program, which has D-Bus, a network server and commands besides.
APP_LIMIT := 12500000
PROGRAM_LIMIT := 16000000
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
EXAMPLES := $(patsubst %/go.mod,%,$(wildcard examples/*/go.mod))
FUZZINPUTS := 20000

.PHONY: build demo test test-all test-mobile android ios race fuzz-short bench lint size cross outside vulnerable plots clean

build: ## the program, the demo and the examples, into bin/
	go build -o bin/ ./cmd/offlineauth ./e2e/demo $(EXAMPLES:%=./%)

demo: ## a whole offline login between separate processes
	go build -o bin/ ./cmd/offlineauth ./e2e/demo ./examples/mathsapp
	bin/demo $(DEMOFLAGS)

test: ## every test that needs Go alone
	go vet ./... $(EXAMPLES:%=./%/...)
	go test ./... $(EXAMPLES:%=./%/...)
	cd e2e/interop && GOWORK=off go vet . && GOWORK=off go test .

race: ## the same under the race detector
	CGO_ENABLED=1 go test -race ./...

test-all: ## everything there is; installs what it needs when root, or names it
	.ci/setup
	$(MAKE) lint race fuzz-short cross outside size
	go test -tags curl ./e2e/...
	.ci/faults
	.ci/strace
	.ci/dbus
	.ci/vm
	.ci/interop
	.ci/browser
	$(MAKE) test-mobile

test-mobile: ## what phones run: Java, Android's kernel interface and binder driver, iOS's header
	.ci/mobile
	.ci/android

android: ## the library for Android with gomobile, for makers with Android's SDK and NDK
	mobile/bind android

ios: ## the library for iOS with gomobile, for makers with Xcode
	mobile/bind ios

fuzz-short: ## each fuzz test on many inputs
	.ci/fuzz $(FUZZINPUTS)

bench: ## benchmarks, as ratios to a limit measured in the same run
	go test -run '^$$' -bench . -timeout 40m ./...
	go test -run '^$$' -bench . -tags dbus ./ipcapi/dbusipc ./e2e/desktop

plots: ## the plots of docs/performance.md
	OFFLINEAUTH_PLOTS=$(CURDIR)/docs/plots go test -run '^$$' -bench '^Benchmark(Living|Callers)$$' -benchtime 1x -timeout 20m ./authz

lint:
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	go vet ./... $(EXAMPLES:%=./%/...)
	go run $(STATICCHECK) ./... $(EXAMPLES:%=./%/...)
	go mod verify

size: ## what is linked is small enough for a phone
	.ci/size $(APP_LIMIT) ./examples/authapp
	.ci/size $(PROGRAM_LIMIT) ./cmd/offlineauth

cross: ## what must compile elsewhere does
	GOOS=android GOARCH=arm64 CGO_ENABLED=0 go vet . ./authz ./boltfile ./client ./ipcapi/... ./linkhandler ./resource/... ./store ./ui
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go vet . ./authz ./boltfile ./client ./ipcapi/... ./linkhandler ./resource/... ./store ./ui
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go vet . ./authz ./boltfile ./client ./ipcapi/... ./linkhandler ./resource/... ./store ./ui
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go vet ./...

outside: ## the examples build as an importing module would, with and without the replacement
	.ci/outside

clean:
	rm -rf bin build
