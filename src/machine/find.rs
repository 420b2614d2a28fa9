//! Finding nodes of a device tree, and where they are for a core: translation through the buses.

use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::standard::{NodeStandard, Status};
use dtoolkit::{Node, Property};
use heapless::Vec;

/// How deep the tree is searched. A console or an interrupt controller hangs off the root or one
/// bus.
const MAX_DEPTH: usize = 6;

/// A node together with its parents, the root first.
pub(super) type Chain<'a> = Vec<FdtNode<'a>, MAX_DEPTH>;

/// Calls `visit` for every node, parents before children, until it returns true.
pub(super) fn walk<'a>(
    fdt: Fdt<'a>,
    visit: &mut dyn FnMut(&Chain<'a>, &FdtNode<'a>) -> bool,
) -> bool {
    let mut chain = Chain::new();
    let _ = chain.push(fdt.root());
    walk_below(&mut chain, visit)
}

/// Bounded recursion: [`MAX_DEPTH`] levels, whatever the tree says.
fn walk_below<'a>(
    chain: &mut Chain<'a>,
    visit: &mut dyn FnMut(&Chain<'a>, &FdtNode<'a>) -> bool,
) -> bool {
    let Some(&node) = chain.last() else {
        return false;
    };
    if visit(chain, &node) {
        return true;
    }
    for child in node.children() {
        if chain.push(child).is_err() {
            return false;
        }
        if walk_below(chain, visit) {
            return true;
        }
        chain.pop();
    }
    false
}

/// The node that `path` names, with its parents: `/soc/serial@7e201000`, or an alias. What follows
/// a colon (`:115200n8`) is for the driver and ignored here.
pub(super) fn by_path<'a>(fdt: Fdt<'a>, path: &'a str) -> Option<Chain<'a>> {
    let path = path.split(':').next()?;
    let path = if path.starts_with('/') {
        path
    } else {
        fdt.find_node("/aliases")?
            .property(path)?
            .value_as::<&str>()
            .ok()?
    };
    let mut chain = Chain::new();
    let mut node = fdt.root();
    chain.push(node).ok()?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        node = node.child(name)?;
        chain.push(node).ok()?;
    }
    Some(chain)
}

/// Address and size of the `index`th entry of `reg`, as a core sees them: through the `ranges` of
/// every bus between the node and the root. None if there is no such entry, or no way to it.
pub(super) fn address(chain: &Chain<'_>, index: usize) -> Option<(usize, usize)> {
    let (node, buses) = chain.split_last()?;
    let reg = node.reg().ok()??.nth(index)?;
    let mut address: u64 = reg.address().ok()?;
    let size: u64 = reg.size().ok()?;
    // The root is no bus: its children have the addresses of the core.
    for bus in buses.get(1..)?.iter().rev() {
        address = to_parent(bus, address)?;
    }
    Some((usize::try_from(address).ok()?, usize::try_from(size).ok()?))
}

/// Translates an address on `bus` to its parent's (Devicetree Specification 0.4, section 2.3.8).
fn to_parent(bus: &FdtNode<'_>, address: u64) -> Option<u64> {
    // Without the property there is no way through; an empty one is the identity.
    if bus.property("ranges")?.value().is_empty() {
        return Some(address);
    }
    bus.ranges().ok()??.find_map(|range| {
        let child: u64 = range.child_bus_address().ok()?;
        let length: u64 = range.length().ok()?;
        let offset = address
            .checked_sub(child)
            .filter(|&offset| offset < length)?;
        range.parent_bus_address::<u64>().ok()?.checked_add(offset)
    })
}

/// Whether the tree lets the node be used.
pub(super) fn is_okay(node: &FdtNode<'_>) -> bool {
    // "ok" is not in the specification but in many trees.
    match node.property("status") {
        None => true,
        Some(status) => status.value() == b"ok\0" || node.status() == Ok(Status::Okay),
    }
}

/// Whether the node is compatible with one of `names`.
pub(super) fn is_any(node: &FdtNode<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| node.is_compatible(name))
}

/// The `index`th 32-bit cell of a property.
pub(super) fn cell(node: &FdtNode<'_>, property: &str, index: usize) -> Option<u32> {
    let property = node.property(property)?;
    let bytes = property.value().get(index * 4..index * 4 + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, node};
    use super::*;
    use dtoolkit::model::DeviceTree;

    fn with<R>(tree: &DeviceTree, look: impl FnOnce(Fdt<'_>) -> R) -> R {
        let blob = tree.to_dtb();
        look(Fdt::new(&blob).unwrap())
    }

    #[test]
    fn an_address_on_the_soc_bus_of_the_pi_is_translated() {
        let uart = with(&fixture::pi(), |fdt| {
            address(&by_path(fdt, "/soc/serial@7e201000").unwrap(), 0)
        });
        assert_eq!(uart, Some((0xfe20_1000, 0x200)));
    }

    #[test]
    fn addresses_of_children_of_the_root_are_those_of_the_core() {
        let gic = with(&fixture::virt(), |fdt| {
            address(&by_path(fdt, "/intc@8000000").unwrap(), 1)
        });
        assert_eq!(gic, Some((0x0801_0000, 0x1_0000)));
    }

    #[test]
    fn two_buses_are_both_passed_and_an_empty_ranges_changes_nothing() {
        let mut tree = fixture::virt();
        let device = node("device@10", &[("reg", &[0x10, 4])]);
        let mut inner = node("inner", &[("#address-cells", &[1]), ("#size-cells", &[1])]);
        inner.add_property(fixture::cells("ranges", &[]));
        inner.add_child(device);
        let mut outer = node("outer", &[("#address-cells", &[1]), ("#size-cells", &[1])]);
        outer.add_property(fixture::cells("ranges", &[0, 1, 0x5000_0000, 0x100]));
        outer.add_child(inner);
        tree.root.add_child(outer);
        let found = with(&tree, |fdt| {
            address(&by_path(fdt, "/outer/inner/device").unwrap(), 0)
        });
        assert_eq!(found, Some((0x1_5000_0010, 4)));
    }

    #[test]
    fn a_bus_without_ranges_and_an_address_outside_of_them_are_no_way_through() {
        for ranges in [None, Some([0, 0, 0x5000_0000, 0x10].as_slice())] {
            let mut tree = fixture::virt();
            let mut bus = node("bus", &[("#address-cells", &[1]), ("#size-cells", &[1])]);
            if let Some(ranges) = ranges {
                bus.add_property(fixture::cells("ranges", ranges));
            }
            bus.add_child(node("device@10", &[("reg", &[0x10, 4])]));
            tree.root.add_child(bus);
            let found = with(&tree, |fdt| {
                address(&by_path(fdt, "/bus/device").unwrap(), 0)
            });
            assert_eq!(found, None);
        }
    }

    #[test]
    fn an_alias_with_options_names_its_node() {
        let name = with(&fixture::pi(), |fdt| {
            by_path(fdt, "serial0:115200n8")
                .unwrap()
                .last()
                .unwrap()
                .name()
                .to_owned()
        });
        assert_eq!(name, "serial@7e215040");
        assert!(with(&fixture::pi(), |fdt| by_path(fdt, "nobody").is_none()));
    }

    #[test]
    fn a_tree_that_is_too_deep_is_searched_only_so_far() {
        let mut inner = node("n", &[]);
        for _ in 0..40 {
            let mut outer = node("n", &[]);
            outer.add_child(inner);
            inner = outer;
        }
        let mut tree = fixture::virt();
        tree.root.add_child(inner);
        let mut deepest = 0;
        with(&tree, |fdt| {
            walk(fdt, &mut |chain, _| {
                deepest = deepest.max(chain.len());
                false
            })
        });
        assert_eq!(deepest, MAX_DEPTH);
    }
}
