//! Cuts what a core executes into rounds, from a mark to a mark, and counts which rounds there were. Pure.

use std::collections::HashMap;

/// A round that is longer is none: the core did something else meanwhile.
const LONGEST: usize = 8_192;

/// So many different rounds are told apart; what else comes is not one that repeats.
const KINDS: usize = 50_000;

/// A length that fewer than one round in so many has is that of a beginning or an end.
const RARE: u64 = 250;

/// The instruction that a round begins or ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is the first after the cut.
    Before(u64),
    /// It is the last before the cut.
    After(u64),
}

/// What was executed in a round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Round {
    /// The last instruction before it; 0 if there was none.
    pub(super) before: u64,
    pub(super) instructions: Vec<u64>,
}

impl Round {
    /// Whether one of these instructions is in it.
    pub(super) fn executes(&self, one_of: &[Mark]) -> bool {
        let is_meant =
            |&(Mark::Before(at) | Mark::After(at)): &Mark| self.instructions.contains(&at);
        one_of.iter().any(is_meant)
    }
}

/// Rounds, and how often each was.
pub(super) type Rounds = HashMap<Round, u64>;

/// Cuts the instructions of one core.
#[derive(Debug)]
pub(super) struct Cutter {
    begin: Vec<Mark>,
    end: Vec<Mark>,
    last: u64,
    open: Option<Round>,
    pub(super) rounds: Rounds,
}

impl Cutter {
    /// A round goes from a mark of `begin` to the first of `end`; another of `begin` before that begins it anew.
    pub(super) fn new(begin: Vec<Mark>, end: Vec<Mark>) -> Self {
        Self {
            begin,
            end,
            last: 0,
            open: None,
            rounds: Rounds::new(),
        }
    }

    /// The core executes an instruction.
    pub(super) fn step(&mut self, pc: u64) {
        self.cut(Mark::Before(pc), self.last);
        if let Some(open) = &mut self.open {
            open.instructions.push(pc);
            if open.instructions.len() > LONGEST {
                self.open = None;
            }
        }
        self.cut(Mark::After(pc), pc);
        self.last = pc;
    }

    fn cut(&mut self, mark: Mark, before: u64) {
        if self.end.contains(&mark)
            && let Some(round) = self.open.take()
            && (self.rounds.len() < KINDS || self.rounds.contains_key(&round))
        {
            *self.rounds.entry(round).or_default() += 1;
        }
        if self.begin.contains(&mark) {
            self.open = Some(Round {
                before,
                instructions: Vec::new(),
            });
        }
    }
}

/// What is taken of all rounds of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) round: Round,
    /// How many rounds had as many instructions.
    pub(super) as_long: u64,
    /// How many there were whose length is not rare.
    pub(super) of: u64,
    /// All their instructions.
    pub(super) instructions: u64,
    /// The next most frequent lengths, and how many rounds had them.
    pub(super) others: Vec<(usize, u64)>,
}

/// The most frequent round of the most frequent length, of those that are the path's.
pub(super) fn most_frequent(rounds: &Rounds, is_of: impl Fn(&Round) -> bool) -> Option<Chosen> {
    let mut by_length: HashMap<usize, (u64, &Round, u64)> = HashMap::new();
    for (round, &count) in rounds.iter().filter(|(round, _)| is_of(round)) {
        let length = round.instructions.len();
        let (sum, best, most) = by_length.entry(length).or_insert((0, round, 0));
        *sum += count;
        // The lesser addresses go first: the order of a map is another every time.
        if (count, &best.instructions) > (*most, &round.instructions) {
            (*best, *most) = (round, count);
        }
    }
    let all: u64 = by_length.values().map(|(sum, ..)| sum).sum();
    let mut lengths: Vec<_> = by_length.into_iter().collect();
    lengths.retain(|&(_, (sum, ..))| sum * RARE >= all);
    let of = lengths.iter().map(|&(_, (sum, ..))| sum).sum();
    lengths.sort_by_key(|&(length, (sum, ..))| (std::cmp::Reverse(sum), length));
    let (_, (as_long, round, _)) = *lengths.first()?;
    let others = lengths.iter().skip(1);
    let instructions = lengths.iter();
    let instructions = instructions.map(|&(length, (sum, ..))| length as u64 * sum);
    Some(Chosen {
        round: round.clone(),
        as_long,
        of,
        instructions: instructions.sum(),
        others: others.map(|&(length, (sum, ..))| (length, sum)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(begin: &[Mark], end: &[Mark], executed: &[u64]) -> Rounds {
        let mut cutter = Cutter::new(begin.to_vec(), end.to_vec());
        executed.iter().for_each(|&pc| cutter.step(pc));
        cutter.rounds
    }

    fn round(before: u64, instructions: &[u64]) -> Round {
        Round {
            before,
            instructions: instructions.to_vec(),
        }
    }

    #[test]
    fn a_mark_before_is_the_first_of_its_round_and_what_was_never_ended_is_none() {
        let anchor = [Mark::Before(1)];
        let found = rounds(&anchor, &anchor, &[9, 1, 2, 3, 1, 2, 3, 1, 4, 1, 2]);
        let expected = [
            (round(9, &[1, 2, 3]), 1),
            (round(3, &[1, 2, 3]), 1),
            (round(3, &[1, 4]), 1),
        ];
        assert_eq!(found, expected.into());
    }

    #[test]
    fn a_mark_after_is_the_last_of_its_round_and_a_second_beginning_begins_anew() {
        let found = rounds(
            &[Mark::After(1)],
            &[Mark::After(5)],
            &[5, 1, 2, 1, 3, 5, 4, 5],
        );
        assert_eq!(found, [(round(1, &[3, 5]), 1)].into());
    }

    #[test]
    fn a_round_without_end_is_given_up() {
        let long: Vec<u64> = (0..2 * LONGEST as u64).map(|n| 10 + n).collect();
        let executed = [vec![1], long, vec![5, 1, 2, 5]].concat();
        let found = rounds(&[Mark::Before(1)], &[Mark::Before(5)], &executed);
        assert_eq!(found, [(round(5, &[1, 2]), 1)].into());
    }

    #[test]
    fn a_round_without_the_instruction_that_is_meant_is_not_chosen_however_frequent_it_is() {
        let all = Rounds::from([(round(7, &[1, 2, 3]), 12), (round(3, &[1, 7, 3]), 2)]);
        let switch = [Mark::After(7), Mark::After(8)];
        let chosen = most_frequent(&all, |round| round.executes(&switch)).unwrap();
        // What lies before a round is not in it.
        assert_eq!(chosen.round, round(3, &[1, 7, 3]));
        assert_eq!((chosen.as_long, chosen.of), (2, 2));
        let other = [Mark::After(8)];
        assert_eq!(most_frequent(&all, |round| round.executes(&other)), None);
    }

    #[test]
    fn the_most_frequent_length_wins_and_in_it_the_most_frequent_round() {
        let all = Rounds::from([
            (round(0, &[1, 2]), 6),
            (round(0, &[1, 2, 3]), 3),
            (round(0, &[1, 2, 4]), 4),
            (round(0, &[1]), 90),
            (round(0, &[1, 2, 3, 4]), 2_000),
        ]);
        let is_short = |round: &Round| round.instructions.len() < 4;
        // Six of 2,103 and seven of them are rare, but not of 103.
        assert_eq!(most_frequent(&all, |_| true).unwrap().of, 2_090);
        assert_eq!(most_frequent(&all, is_short).unwrap().of, 103);
        let chosen =
            most_frequent(&all, |round| (2..4).contains(&round.instructions.len())).unwrap();
        assert_eq!(chosen.round, round(0, &[1, 2, 4]));
        assert_eq!((chosen.as_long, chosen.of), (7, 13));
        assert_eq!(chosen.instructions, 6 * 2 + 7 * 3);
        assert_eq!(chosen.others, [(2, 6)]);
        assert_eq!(most_frequent(&all, |_| false), None);
    }
}
