//! The pages that page tables are made of: a pool in the image at boot, then the page allocator's.
//!
//! `aarch64-paging` asks for a table in the middle of a change and takes no refusal, so tables are
//! kept in reserve: whoever maps first sees to it that there are enough ([`TablePages::add`]), where
//! a lack of memory is still an ordinary error. Tables are never given back: those of the stack area
//! are bounded by memory (4 KiB for each 1.6 MiB that ever held stacks) and are used again.
#![expect(
    unsafe_code,
    reason = "tables are raw memory that is read by the hardware"
)]

use crate::arch::cache;
use crate::mem::ranges::PAGE_BYTES;
use aarch64_paging::descriptor::{El1Attributes, PhysicalAddress};
use aarch64_paging::paging::{PageTable, Translation};
use core::cell::{Cell, UnsafeCell};
use core::ptr::{NonNull, with_exposed_provenance_mut};

/// Tables in the image, for the linear map. A Pi 4 of any size needs 9, QEMU's virt 8.
const BOOT_TABLES: usize = 24;

#[repr(C, align(4096))]
struct BootPool(UnsafeCell<[[u8; PAGE_BYTES]; BOOT_TABLES]>);

// SAFETY: only handed out page by page, once, by `TablePages::from_boot_pool`.
unsafe impl Sync for BootPool {}

static BOOT_POOL: BootPool = BootPool(UnsafeCell::new([[0; PAGE_BYTES]; BOOT_TABLES]));

/// Gives table pages to `aarch64-paging`. A table's virtual address is its physical one.
#[derive(Debug)]
pub(crate) struct TablePages {
    /// Address of the first page in reserve; each holds the address of the next in its first word
    /// and is zero otherwise. 0: none.
    first: Cell<usize>,
    spare: Cell<usize>,
    total: Cell<usize>,
}

impl TablePages {
    /// All tables of the image in reserve.
    ///
    /// # Safety
    ///
    /// May be called once.
    pub(crate) unsafe fn from_boot_pool() -> Self {
        let pages = Self {
            first: Cell::new(0),
            spare: Cell::new(0),
            total: Cell::new(0),
        };
        let pool = BOOT_POOL.0.get().expose_provenance();
        for index in (0..BOOT_TABLES).rev() {
            // SAFETY: the pages of the pool belong to nobody else, since this happens once.
            unsafe { pages.add(pool + index * PAGE_BYTES) };
        }
        pages
    }

    /// Cleans the tables of the image to memory, for walkers whose caches are off.
    pub(crate) fn clean_boot_pool() {
        cache::clean_invalidate(BOOT_POOL.0.get().addr(), size_of::<BootPool>());
    }

    /// Takes the page at `address` into the reserve.
    ///
    /// # Safety
    ///
    /// The page must be the caller's to give away for ever, writable at its physical address.
    pub(crate) unsafe fn add(&self, address: usize) {
        let page = with_exposed_provenance_mut::<usize>(address);
        // SAFETY: the page is ours now.
        unsafe {
            page.write_bytes(0, PAGE_BYTES / size_of::<usize>());
            page.write(self.first.get());
        }
        self.first.set(address);
        self.spare.set(self.spare.get() + 1);
        self.total.set(self.total.get() + 1);
    }

    /// How many tables are in reserve.
    pub(crate) fn spare(&self) -> usize {
        self.spare.get()
    }

    /// How many pages there are, in use and in reserve.
    pub(crate) fn total(&self) -> usize {
        self.total.get()
    }
}

impl Translation<El1Attributes> for TablePages {
    fn allocate_table(&mut self) -> (NonNull<PageTable<El1Attributes>>, PhysicalAddress) {
        let address = self.first.get();
        let table = self.physical_to_virtual(PhysicalAddress(address));
        // SAFETY: the page is in the reserve: ours alone, its first word is the link.
        self.first.set(unsafe { table.cast::<usize>().replace(0) });
        self.spare.set(self.spare.get() - 1);
        (table, PhysicalAddress(address))
    }

    unsafe fn deallocate_table(&mut self, table: NonNull<PageTable<El1Attributes>>) {
        // Reached only if a whole table were unmapped at once, which nobody here does: a walker may
        // still read it, so it must not be used again. The page is lost.
        debug_assert!(false, "table {table:?} is given back");
    }

    fn physical_to_virtual(&self, pa: PhysicalAddress) -> NonNull<PageTable<El1Attributes>> {
        match NonNull::new(with_exposed_provenance_mut(pa.0)) {
            Some(table) => table,
            None => panic!("a page table at 0: the reserve was empty"),
        }
    }
}
