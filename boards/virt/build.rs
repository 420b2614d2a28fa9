//! Tells the linker where the board's `memory.ld` and the script that includes it are: also for an application in a
//! repository of its own.

fn main() {
    let board = env!("CARGO_MANIFEST_DIR");
    println!("cargo::rustc-link-search={board}");
    println!("cargo::rustc-link-search={board}/../../tools");
    println!("cargo::rerun-if-changed=memory.ld");
    println!("cargo::rerun-if-changed=../../tools/link.ld");
}
