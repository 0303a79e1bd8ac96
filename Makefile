# Two commands do everything on a machine that has only the Swift toolchain: `make run`, `make test`.

LISTEN = 127.0.0.1:8640
DATA = ./daybook-data
BUILD = swift build -c release --product daybook
DAYBOOK = .build/release/daybook
SOURCES = Sources Tests Benchmarks Package.swift

.PHONY: run build test soak bench mutants fuzz asan tsan lint clean help

help:
	@echo "make run    build, start a daemon with an executor on $(LISTEN), data in $(DATA)"
	@echo "make test   install what tests need, check the style, run every test"
	@echo "make soak   open a million crash images of the log (SOAK_IMAGES, SOAK_SEED), live"
	@echo "            $(SOAK_DAYS) simulated days of the engine (SOAK_DAYS, SOAK_SEED)"
	@echo "make build  build the release binary $(DAYBOOK)"
	@echo "make bench  measure the log against the limit of this disk, and the tables in memory"
	@echo "make mutants  break each safety mechanism, see a test notice"
	@echo "make fuzz   feed the decoders $(FUZZ_RUNS) mutated inputs each (settable: FUZZ_RUNS)"
	@echo "make asan   run every test under AddressSanitizer"
	@echo "make tsan   run every test under ThreadSanitizer"
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

# What tests need.
NEEDED = liblz4-dev=header:lz4.h zlib1g-dev=header:zlib.h lz4=command:lz4 gzip=command:gzip \
    curl=command:curl python3-lz4=python:lz4.block

# One configuration for everything: crash campaigns run the engine at its real speed, and a clean
# clone builds the libraries once. Preconditions stay on in release. Not in parallel: tests that
# compute would keep the tasks of others, which heartbeat for a lease, off the two cores.
test: export WARNINGS_AS_ERRORS = 1
test: lint
	@.ci/need $(NEEDED)
	@.ci/need fuse3=command:fusermount3 libfuse3-dev=header:fuse3/fuse_opt.h \
	    pkg-config=command:pkg-config xfsprogs=command:mkfs.xfs \
	    || echo "Tests of power cuts that need them will say that they are skipped."
	swift build -c release --build-tests
	swift test -c release --skip-build --no-parallel

# The crash campaign of `make test` and its simulated days, with more seeds; a finding prints the
# line that replays it.
SOAK_IMAGES = 1000000
SOAK_SEED = 1000
SOAK_DAYS = 20000
soak: export WARNINGS_AS_ERRORS = 1
soak:
	@.ci/need liblz4-dev=header:lz4.h zlib1g-dev=header:zlib.h
	swift build -c release --build-tests
	DAYBOOK_SOAK=$(SOAK_IMAGES) CRASH_SEED=$(SOAK_SEED) \
	    swift test -c release --skip-build --filter CrashCampaignTests
	SOAK_DAYS=$(SOAK_DAYS) SOAK_SEED=$(SOAK_SEED) swift test -c release --skip-build --filter SimulationTests

# Prints ratios to a limit that is measured in the same run; BENCH_DATA names the disk to measure.
BENCH_DATA = ./bench-data
bench: export BENCHMARKS = 1
bench:
	swift build -c release --product LogBenchmarks
	rm -rf $(BENCH_DATA)
	.build/release/LogBenchmarks $(BENCH_DATA)
	rm -rf $(BENCH_DATA)
	swift build -c release --product TableBenchmarks
	.build/release/TableBenchmarks
	swift build -c release --product EngineBenchmarks
	.build/release/EngineBenchmarks $(BENCH_DATA)
	rm -rf $(BENCH_DATA)

# Breaks each safety mechanism in turn and shows that a test notices.
mutants:
	python3 Tests/mutants.py

# Mutates data/corpus under AddressSanitizer, with the checksums made right again. A finding ends it;
# the input lies in FUZZ_DATA then. To keep what reached new code:
# DaybookFuzzer --subject=S -merge=1 data/corpus/S FUZZ_DATA/S
FUZZ_RUNS = 200000
FUZZ_SUBJECTS = segment block event json snapshot history
FUZZ_DATA = ./fuzz-data
fuzz: export FUZZ = 1
fuzz: export SWIFT_BACKTRACE = enable=no
# Half as fast again: what an input has freed is watched until some inputs later, no longer. Run
# a finding's input without these options: then the report has whole call stacks.
fuzz: export ASAN_OPTIONS = quarantine_size_mb=16:malloc_context_size=1:max_malloc_fill_size=0
fuzz:
	@.ci/need liblz4-dev=header:lz4.h zlib1g-dev=header:zlib.h
	swift build -c release --product DaybookFuzzer --scratch-path .build-fuzz
	@for subject in $(FUZZ_SUBJECTS); do \
	    mkdir -p $(FUZZ_DATA)/$$subject && \
	    .build-fuzz/release/DaybookFuzzer --subject=$$subject -runs=$(FUZZ_RUNS) \
	        -max_len=16384 -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=16 \
	        -print_final_stats=1 -artifact_prefix=$(FUZZ_DATA)/$$subject- \
	        $(FUZZ_DATA)/$$subject data/corpus/$$subject || exit 1; \
	done

# Every test, in builds of their own; the daemons that tests start are watched as well. Left out is the
# README's tour, which must reach a rate that a sanitizer's pace does not allow everywhere. Leaks are
# not looked for: the test runner has some of its own.
SANITIZED_TEST = swift test -c release --skip-build --no-parallel --skip 'The README'
asan tsan: export WARNINGS_AS_ERRORS = 1
asan: export ASAN_OPTIONS = detect_leaks=0
asan:
	@.ci/need $(NEEDED)
	swift build -c release --build-tests --sanitize=address --scratch-path .build-asan
	$(SANITIZED_TEST) --sanitize=address --scratch-path .build-asan

# Left out as well: the memory of tables, which wants more addresses than ThreadSanitizer leaves.
# Tests/ThreadSanitizer: what Swift's own libraries synchronise, and a program that shows that it is
# seen and that a race still is.
TSAN_SYNC = $(CURDIR)/.build-tsan/swift-sync.so
TSAN = TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/ThreadSanitizer/suppressions.txt \
    LD_PRELOAD=$(TSAN_SYNC)
tsan:
	@.ci/need $(NEEDED)
	swift build -c release --build-tests --sanitize=thread --scratch-path .build-tsan
	clang -O1 -shared -fPIC Tests/ThreadSanitizer/swift-sync.c -o $(TSAN_SYNC) -ldl
	swiftc -O -sanitize=thread -parse-as-library Tests/ThreadSanitizer/control.swift \
	    -o .build-tsan/control
	$(TSAN) .build-tsan/control
	! $(TSAN) .build-tsan/control race 2>.build-tsan/control.log
	grep -q "SUMMARY: ThreadSanitizer" .build-tsan/control.log
	$(TSAN) $(SANITIZED_TEST) --skip 'The memory of tables' \
	    --sanitize=thread --scratch-path .build-tsan

lint:
	swift format lint --strict --recursive $(SOURCES)

clean:
	rm -rf .build .build-fuzz .build-asan .build-tsan
