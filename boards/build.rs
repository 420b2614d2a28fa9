//! Of every board's crate: tells the linker where the board's `memory.ld` and the script that includes it are, also for an
//! application in a repository of its own.

fn main() {
    // Set by cargo for every build script.
    let board = std::env::var("CARGO_MANIFEST_DIR").expect("cargo runs this");
    println!("cargo::rustc-link-search={board}");
    println!("cargo::rustc-link-search={board}/../../tools");
    println!("cargo::rerun-if-changed=memory.ld");
    println!("cargo::rerun-if-changed=../../tools/link.ld");
}
