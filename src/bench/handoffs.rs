//! The ways in which one of two threads lets the other one go on: a file each.

mod channel;
mod condvar;
mod park;
mod semaphore;
mod yields;

pub(crate) use {
    channel::ByChannel, condvar::ByCondvar, park::ByPark, semaphore::BySemaphore, yields::Yield,
};
