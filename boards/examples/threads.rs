//! Four threads add to one sum; each says when it is done; the first one waits for them and stops the machine.
//!
//! An application is a function: each board's `examples/threads.rs` makes a firmware of this one.

use core::time::Duration;

use pivot::sync::Mutex;
use pivot::{cores, kernel, println, thread};

static SUM: Mutex<u32> = Mutex::new(0);

fn work(number: u32) -> u32 {
    for value in 1..=100 {
        *SUM.lock() += value;
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(20 * u64::from(number)));
    println!("worker {} is done, on core {}", number, cores::current());
    number
}

/// What the first thread runs.
pub(crate) fn main() {
    println!("the workers have {} cores", cores::count_online());
    let workers = [1, 2, 3, 4].map(|number| {
        let worker = thread::Builder::new().name("worker");
        worker.spawn(move || work(number)).expect("memory")
    });
    // A thread that has crashed has no result, but a reason.
    let joined = workers.map(|worker| worker.join().expect("a result"));
    println!("joined {:?}; the sum is {}", joined, *SUM.lock());
    kernel::halt();
}
