#!/bin/sh
# Writes an SD card for the Raspberry Pi 4: lists the candidates, refuses what is none, asks, writes, reads back.
# The host tool does all of it (tools/src/flash.rs); this finds the tool. `./flash.sh --help` has the options.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ -n "${SUDO_USER:-}" ]; then
    echo "error: cargo is not to be run as root" >&2
    echo "help: ./flash.sh without sudo; it asks for it when it comes to writing" >&2
    exit 2
fi
if ! command -v cargo >/dev/null 2>&1; then
    echo "error: there is no cargo, which builds the host tool and the image" >&2
    echo "help: https://rustup.rs, or your distribution's package of it" >&2
    exit 2
fi

# As the alias `cargo xtask` in .cargo/config.toml, from whatever directory: file names are the caller's.
exec cargo run --quiet --manifest-path "$root/Cargo.toml" --profile xtask --package xtask --target host-tuple \
    -- flash "$@"
