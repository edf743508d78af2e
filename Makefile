# The commands a person uses. Everything is incremental: unchanged steps are not repeated.
SIMCTL := .build/release/simctl
JOBS := $(shell nproc)

.PHONY: help setup build image run test bench soak fuzz kernel-size metal-check clean compare

help:            ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup:           ## install what is missing (scripts/bootstrap)
	@scripts/bootstrap

build: setup     ## release build of simctl, and the guest image
	@swift build -c release --product simctl -j $(JOBS)
	@$(SIMCTL) image build

image: build     ## the guest image only (programs, fonts, pages) in images/out

run: build       ## open the desktop (without a display: ten seconds headless and a screenshot)
	@$(SIMCTL) run

test: build      ## everything: unit, scenario, conformance, record and replay, guest for bare metal
	@scripts/test

bench: build     ## measurements that docs/measurements.md quotes
	@$(SIMCTL) bench all
	@scripts/bench-browser --simctl $(SIMCTL)

soak: build      ## random tabs under a random policy, every frame checked after each step, twice (SOAK_STEPS=10000)
	@$(SIMCTL) soak --steps $(or $(SOAK_STEPS),10000)

fuzz: setup      ## devices, drivers, pages, pictures on random input, under the address sanitizer
	@scripts/fuzz

kernel-size:     ## lines of the microkernel proper (limit 2,500)
	@scripts/kernel-size

metal-check:     ## compile the guest for aarch64-none-none-elf
	@scripts/metal-check

clean:           ## remove build output and the guest image
	@rm -rf .build images/out report

# Layout against Chromium: all pages, worst first (scripts/compare --help).
compare:
	swift build -c release --product simctl
	scripts/compare --install
