# Two commands do everything on a machine that has only the Swift toolchain: `make run`, `make test`.

LISTEN = 127.0.0.1:8640
DATA = ./daybook-data
BUILD = swift build -c release --product daybook
DAYBOOK = .build/release/daybook
SOURCES = Sources Tests Benchmarks Package.swift

.PHONY: run build test soak bench mutants lint clean help

help:
	@echo "make run    build, start a daemon with an executor on $(LISTEN), data in $(DATA)"
	@echo "make test   install what tests need, check the style, run every test"
	@echo "make soak   open a million crash images of the log (SOAK_IMAGES, SOAK_SEED)"
	@echo "make build  build the release binary $(DAYBOOK)"
	@echo "make bench  measure the log against the limit of this disk"
	@echo "make mutants  break each safety mechanism, see a test notice"
	@echo "make clean  remove build products (never data)"

run: build
	@echo
	@echo "When it says that it is listening, try in another terminal:"
	@echo "  $(DAYBOOK) submit ann greet --job hello --payload '\"Ann\"'"
	@echo "  $(DAYBOOK) list ann"
	@echo "  $(DAYBOOK) show ann hello"
	@echo "Ctrl-C ends it; the jobs stay in $(DATA)."
	@echo
	@exec $(DAYBOOK) serve --data $(DATA) --listen $(LISTEN) \
	    --execute 'greet=printf "Hello, "; cat' --execute 'count=wc -c'

build:
	@.ci/need liblz4-dev=header:lz4.h zlib1g-dev=header:zlib.h
	@$(BUILD)

# One configuration for everything: crash campaigns run the engine at its real speed, and a clean
# clone builds the libraries once. Preconditions stay on in release. Not in parallel: tests that
# compute would keep the tasks of others, which heartbeat for a lease, off the two cores.
test: export WARNINGS_AS_ERRORS = 1
test: lint
	@.ci/need liblz4-dev=header:lz4.h zlib1g-dev=header:zlib.h lz4=command:lz4 \
	    gzip=command:gzip curl=command:curl python3-lz4=python:lz4.block
	@.ci/need fuse3=command:fusermount3 libfuse3-dev=header:fuse3/fuse_opt.h \
	    pkg-config=command:pkg-config xfsprogs=command:mkfs.xfs \
	    || echo "Tests of power cuts that need them will say that they are skipped."
	swift build -c release --build-tests
	swift test -c release --skip-build --no-parallel

# The crash campaign of `make test` with more seeds; a finding prints the line that replays it.
SOAK_IMAGES = 1000000
SOAK_SEED = 1000
soak: export WARNINGS_AS_ERRORS = 1
soak:
	@.ci/need liblz4-dev=header:lz4.h zlib1g-dev=header:zlib.h
	swift build -c release --build-tests
	DAYBOOK_SOAK=$(SOAK_IMAGES) CRASH_SEED=$(SOAK_SEED) \
	    swift test -c release --skip-build --filter CrashCampaignTests

# Prints ratios to a limit that is measured in the same run; BENCH_DATA names the disk to measure.
BENCH_DATA = ./bench-data
bench: export BENCHMARKS = 1
bench:
	swift build -c release --product LogBenchmarks
	rm -rf $(BENCH_DATA)
	.build/release/LogBenchmarks $(BENCH_DATA)
	rm -rf $(BENCH_DATA)

# Breaks each safety mechanism in turn and shows that a test notices.
mutants:
	python3 Tests/mutants.py

lint:
	swift format lint --strict --recursive $(SOURCES)

clean:
	rm -rf .build
