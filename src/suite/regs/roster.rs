//! Which threads there are, what each does, where it begins, and what must have happened in the end.

use super::cause::Cause;

/// What a subject does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It counts, and is preempted.
    Spin,
    /// It yields.
    Yield,
    /// It waits for its partner, and the partner for it.
    Block,
    /// It lets a handler look at the state that it runs in.
    Handler,
    /// It is new.
    Start,
}

impl Kind {
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Yield => "yield",
            Self::Block => "block",
            Self::Handler => "handler",
            Self::Start => "start",
        }
    }
}

/// The fewest subjects with which each kind occurs twice.
pub(crate) const FEWEST: usize = 6;
/// The most: more have no room in their patterns.
pub(crate) const MOST: usize = 1_000;

/// What is looked at: `--cause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Everything.
    All,
    /// One cause, by the subjects that it takes to bring it about.
    Only(Cause),
}

impl Selection {
    /// The words that stand for them.
    pub(crate) const WORDS: [&'static str; 6] =
        ["all", "yield", "block", "timer", "ipi", "migration"];

    /// The selection that `word` stands for; anything else is all.
    pub(crate) fn from_word(word: &str) -> Self {
        Cause::ALL
            .into_iter()
            .find(|cause| cause.as_str() == word)
            .map_or(Self::All, Self::Only)
    }

    /// What the subjects do, over and over. A partner is the neighbour in a pair of two.
    const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Only(Cause::Yield) => &[Kind::Yield],
            Self::Only(Cause::Block) => &[Kind::Block],
            Self::Only(Cause::Timer) => &[Kind::Spin],
            Self::Only(Cause::Ipi) => &[Kind::Spin, Kind::Spin, Kind::Block, Kind::Block],
            _ => &[
                Kind::Spin,
                Kind::Yield,
                Kind::Yield,
                Kind::Spin,
                Kind::Block,
                Kind::Block,
            ],
        }
    }

    /// How many subjects there are if `asked` were asked for: where all block, nobody is left without a partner.
    pub(crate) const fn count(self, asked: usize) -> usize {
        match self {
            Self::Only(Cause::Block) => asked.next_multiple_of(2),
            _ => asked,
        }
    }

    /// What subject `which` of `count` does. One that would have no partner spins or yields.
    pub(crate) fn kind(self, which: usize, count: usize) -> Kind {
        let kinds = self.kinds();
        match kinds[which % kinds.len()] {
            Kind::Block if partner(which) >= count => kinds[0],
            kind => kind,
        }
    }

    /// Whether subjects are sent from core to core.
    pub(crate) const fn moves(self) -> bool {
        matches!(
            self,
            Self::All | Self::Only(Cause::Ipi) | Self::Only(Cause::Migration)
        )
    }

    /// What must occur on a machine with so many cores.
    pub(crate) const fn required(self, cores: usize) -> &'static [Cause] {
        use Cause::{Block, Ipi, Migration, Timer, Yield};
        match (self, cores) {
            (Self::All, 0 | 1) => &[Yield, Block, Timer],
            (Self::All, _) => &[Yield, Block, Timer, Ipi, Migration],
            (Self::Only(Ipi | Migration), 0 | 1) => &[],
            (Self::Only(Yield), _) => &[Yield],
            (Self::Only(Block), _) => &[Block],
            (Self::Only(Timer), _) => &[Timer],
            (Self::Only(Ipi), _) => &[Ipi],
            (Self::Only(_), _) => &[Migration],
        }
    }
}

/// With whom a subject that blocks takes turns.
pub(crate) const fn partner(which: usize) -> usize {
    which ^ 1
}

/// On which of so many cores subject `which` begins: pairs together, but every other pair of those that block
/// apart, so that they wake each other across cores.
pub(crate) fn first_core(which: usize, kind: Kind, cores: usize) -> usize {
    let pair = which / 2;
    let apart = usize::from(kind == Kind::Block && pair.is_multiple_of(2)) * (which % 2);
    (pair + apart) % cores.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_selections() -> impl Iterator<Item = Selection> {
        Selection::WORDS.into_iter().map(Selection::from_word)
    }

    #[test]
    fn each_word_selects_what_it_says() {
        assert_eq!(Selection::from_word("all"), Selection::All);
        for word in &Selection::WORDS[1..] {
            assert!(
                matches!(Selection::from_word(word), Selection::Only(cause) if cause.as_str() == *word)
            );
        }
    }

    #[test]
    fn whoever_blocks_has_a_partner_that_blocks() {
        for selection in all_selections() {
            for count in (FEWEST..40).map(|asked| selection.count(asked)) {
                for which in (0..count).filter(|&w| selection.kind(w, count) == Kind::Block) {
                    let other = partner(which);
                    assert!(other < count && selection.kind(other, count) == Kind::Block);
                }
            }
        }
    }

    #[test]
    fn the_fewest_subjects_are_of_every_kind() {
        for kind in [Kind::Spin, Kind::Yield, Kind::Block] {
            let count = (0..FEWEST).filter(|&w| Selection::All.kind(w, FEWEST) == kind);
            assert_eq!(count.count(), 2, "{kind:?}");
        }
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let kinds = [
            Kind::Spin,
            Kind::Yield,
            Kind::Block,
            Kind::Handler,
            Kind::Start,
        ];
        let names: std::collections::HashSet<_> = kinds.into_iter().map(Kind::as_str).collect();
        assert_eq!(names.len(), kinds.len());
    }

    #[test]
    fn whatever_must_come_from_another_core_comes_from_moving_subjects_or_from_partners_apart() {
        for selection in all_selections() {
            let required = selection.required(2);
            if required.contains(&Cause::Ipi) || required.contains(&Cause::Migration) {
                assert!(selection.moves(), "{selection:?}");
            }
        }
        assert!(!Selection::Only(Cause::Timer).moves());
    }

    #[test]
    fn one_core_requires_what_one_core_can_do() {
        for selection in all_selections() {
            let required = selection.required(1);
            assert!(!required.contains(&Cause::Ipi) && !required.contains(&Cause::Migration));
        }
        assert_eq!(Selection::All.required(4).len(), 5);
        assert_eq!(Selection::Only(Cause::Timer).required(4), [Cause::Timer]);
    }

    #[test]
    fn some_partners_begin_together_and_some_apart() {
        let place = |which| first_core(which, Kind::Block, 4);
        assert_ne!(place(0), place(1));
        assert_eq!(place(2), place(3));
        assert_eq!(first_core(4, Kind::Yield, 4), first_core(5, Kind::Yield, 4));
        assert!((0..100).all(|which| first_core(which, Kind::Block, 3) < 3));
    }
}
