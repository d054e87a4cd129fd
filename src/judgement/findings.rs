//! Judges groups on three axes. C: run as one, by tests of families that did not propose the group. X: shaped like
//! extraction. E: hiding. Only C and X together make a suspected network.

use crate::document::signal::{Layer, Signal};
use crate::judgement::dispatch::GivenOut;
use crate::judgement::shape::{AROUND_THE_CLOCK, Shape};
use crate::population::baseline::Outputs;
use crate::search::proposals::Side;
use crate::statistics::group_tests::{Counts, LEAST_AGREEING, Test};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Settings of this stage.
#[derive(Debug, Clone, Serialize)]
pub struct FindingSettings {
    /// Corrected p-value from which a family speaks for coordination. 0 to 0.05.
    pub q_family: f64,
    /// The same for groups of one habit. Unrelated people of one kind are alike in more than chance would give, and the grid
    /// of habits is wide: only what is beyond doubt counts there.
    pub q_habit: f64,
    /// Observed over what is usual outside the group, from which a deviation matters, however significant: populations differ a
    /// little in everything.
    pub least_lift: f64,
    /// The same for counts of shared objects, which grow with the square of how much a population keeps to itself:
    /// people behind carriers' gateways share more of them than accounts in data centres do.
    pub least_lift_several: f64,
    /// Share of the members known in a respect that have to agree in it: what a handful of a large group shares says
    /// something of the handful.
    pub least_agreeing: f64,
    /// Families besides the proposing one that have to speak.
    pub least_families: usize,
    /// Share of the members that have to keep to one measure for it to be given to them: of customers who ask when they please two
    /// thirds happen to lie close together.
    pub least_measured: f64,
    /// [`Shape::spread`] of accounts that are given one measure, at most. People of one kind ask for like amounts too, but nowhere
    /// near as like as one queue deals them out.
    pub most_spread: f64,
    /// The same of accounts that are given like parts. Where parts differ by a factor of ten, as what customers of several firms ask
    /// for does, none are.
    pub most_spread_alike: f64,
    /// Share of a group's requests that must bring a text new to the group. Work that repeats is a class, a benchmark or a popular
    /// question.
    pub least_unrepeated: f64,
    /// Share of a group's templated requests outside conversations.
    pub least_single_turn: f64,
    /// How much the hours of the day repeat at most where a machine works: half way from its 1 to the 1.5 that eight hours of
    /// sleep alone make.
    pub most_rhythm: f64,
    /// Share of requests that match a rule pack, from which the wording speaks for extraction.
    pub least_rule_share: f64,
    /// The same from which a group opened together and working to one measure is no class.
    pub least_said: f64,
    /// Share of a group's requests of one kind, from which they are a production.
    pub least_uniform: f64,
    /// Typical output of the group's work over the ordinary account's, from which output length speaks for it.
    pub least_output_ratio: f64,
    /// The same for groups of one habit, which were chosen by the length of their answers.
    pub least_output_ratio_habit: f64,
    /// The same over the median account's: where the lower quartile is made of robots that answer in a word, people are not
    /// unusual.
    pub least_output_over_median: f64,
    /// The same where no text tells what is asked: a class of one timetable looks like a small campaign there, but for the length
    /// of its answers.
    pub least_output_over_median_untold: f64,
}

/// How long an event lasts at most, µs: three days.
const EVENT_US: i64 = 3 * 24 * 3_600_000_000;

impl Default for FindingSettings {
    fn default() -> Self {
        Self {
            q_family: 0.01,
            q_habit: 1e-4,
            least_lift: 2.0,
            least_lift_several: 5.0,
            least_agreeing: LEAST_AGREEING,
            least_families: 2,
            least_measured: 0.75,
            most_spread: 0.2,
            most_spread_alike: 0.75,
            least_unrepeated: 0.75,
            least_single_turn: 0.75,
            most_rhythm: AROUND_THE_CLOCK,
            least_rule_share: 0.2,
            least_said: 0.5,
            least_uniform: 0.5,
            least_output_ratio: 2.0,
            least_output_ratio_habit: 3.0,
            least_output_over_median: 1.4,
            least_output_over_median_untold: 2.0,
        }
    }
}

impl FindingSettings {
    /// Length of an answer, tokens, from which a group of this side answers at unusual length, where accounts typically answer
    /// as `outputs` say.
    pub fn long_output(&self, side: Side, outputs: Outputs) -> f64 {
        let ratio = if side == Side::Profile { self.least_output_ratio_habit } else { self.least_output_ratio };
        (ratio * outputs.lower_quartile).max(self.least_output_over_median * outputs.median)
    }

    /// Whether a test speaks for its group: significant after correction, and large enough to matter.
    pub fn speaks(&self, test: &Test, side: Side) -> bool {
        let q = if side == Side::Profile { self.q_habit } else { self.q_family };
        let (observed, expected) = (test.outcome.observed, test.outcome.expected);
        let matters = match test.counts {
            Counts::Members => observed >= self.least_lift * test.expected_outside(),
            Counts::Objects => observed >= self.least_lift_several * expected,
            // The expectation errs high: outsiders are those who overlap at all.
            Counts::TooLittle => expected >= self.least_lift_several * observed,
            // Of the most that there can be, 1, clocks of their own may leave little: there it counts how much less is missing.
            Counts::Mean => {
                observed >= expected + 0.05
                    || self.least_lift * (1.0 - observed) <= 1.0 - expected && observed > expected
            }
        };
        test.q_value <= q && matters && test.agreement().is_none_or(|share| share >= self.least_agreeing)
    }

    /// Whether a test counts for coordination. Behaviour is reported and not counted: whoever uses the same software
    /// behaves the same.
    pub fn counts(&self, test: &Test, side: Side) -> bool {
        test.signal.layer() != Some(Layer::Behaviour) && self.speaks(test, side)
    }

    /// Families that count for the coordination of a group, sorted.
    pub fn speaking(&self, tests: &[Test], side: Side) -> Vec<Layer> {
        let speaking = tests.iter().filter(|t| self.counts(t, side));
        speaking.filter_map(|t| t.signal.layer()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether something says that one hand runs the accounts, and not only that they are of one kind. A class opens its
    /// accounts on one day, is set the same number of tasks and sits in the same hours; it does not share payments or
    /// gateways, change addresses with each request, take turns, or deal out one data set. Robots of a product stay awake
    /// too, and on the day of its launch they are opened together; but neither they nor a class ask, day and night or to one
    /// measure, for training material, or put each question to just as many of them.
    pub fn one_hand(&self, tests: &[Test], shape: &Shape, side: Side) -> bool {
        let of_one_kind = [
            Signal::IdentityCohort,
            Signal::IdentityEmailDomain,
            Signal::IdentityEmailShape,
            Signal::TimeQuota,
            Signal::TimeRoundTheClock,
            Signal::TimeSilence,
            Signal::TimeBurst,
            Signal::TimePivot,
            Signal::BehaviourClient,
            Signal::BehaviourCutShort,
            Signal::BehaviourRefused,
            Signal::ContentTemplate,
        ];
        // Everybody at one domain of their own may be a school or an office; who has several made the addresses, and who is at one
        // of a provider that serves everybody chose it.
        let speaking = tests.iter().filter(|t| self.speaks(t, side));
        let one_institution = speaking.clone().any(|t| t.signal == Signal::IdentityOwnDomain && is_of_one_domain(t));
        let speaking: Vec<Signal> =
            speaking.filter(|t| !(one_institution && is_of_one_domain(t))).map(|t| t.signal).collect();
        let opened_together = [Signal::IdentityCohort, Signal::IdentityEmailDomain, Signal::IdentityEmailShape];
        let together = speaking.iter().any(|signal| opened_together.contains(signal));
        speaking.iter().any(|signal| !of_one_kind.contains(signal))
            || side == Side::Control
            || together && self.awake(shape) && (self.says_so(shape) || shape.replicas.is_some())
    }

    /// Whether accounts were opened together and have all done what they did within a few days: who comes together for an event
    /// is set one task and has as long for it as everybody else.
    fn is_event(&self, tests: &[Test], shape: &Shape, side: Side) -> bool {
        shape.lasted_us <= EVENT_US && tests.iter().any(|t| t.signal == Signal::IdentityCohort && self.speaks(t, side))
    }

    /// Whether the group's accounts never sleep.
    fn awake(&self, shape: &Shape) -> bool {
        shape.rhythm.is_some_and(|r| r <= self.most_rhythm)
    }

    /// Whether the wording of the group's own requests asks for training material, nearly without exception.
    fn says_so(&self, shape: &Shape) -> bool {
        shape.rule_share.is_some_and(|s| s >= self.least_said)
    }

    /// Whether what the wording asks for, the reasoning behind an answer, is more than is given: a product asks for a line of grounds too.
    pub fn is_too_short(&self, shape: &Shape, long: bool) -> bool {
        shape.at_length && shape.output > 0.0 && !long
    }

    /// How the work is given out to the accounts. The customers of a product ask when they please; a class is given one measure
    /// but works by day, and each of it has a payment and a device of their own; who pays for all from one card makes no secret of it.
    pub fn given_out(&self, tests: &[Test], shape: &Shape, side: Side) -> Vec<GivenOut> {
        let told = |way: &GivenOut| self.telling(*way, tests, side).next().is_some();
        // Who was proposed by what they share is tested by nothing of it; there the purses have to be theirs and pay for enough of them.
        let proposing = side == Side::Control && shape.purses.own >= 2 && shape.purses.paid >= self.least_agreeing;
        let purses = proposing || shape.purses.all >= 2 && told(&GivenOut::FromPurses);
        let spread = |most: f64| shape.spread.is_some_and(|spread| spread <= most);
        let (measured, alike) = (spread(self.most_spread), spread(self.most_spread_alike));
        let is_so = |way: &GivenOut| match way {
            GivenOut::DayAndNight => self.awake(shape),
            GivenOut::ToMeasure => told(way) && measured && !self.is_event(tests, shape, side),
            GivenOut::InLikeParts => told(way) && !measured && alike && purses,
            GivenOut::FromPurses => purses,
            _ => told(way),
        };
        GivenOut::ALL.into_iter().filter(is_so).collect()
    }

    /// Those of the tests that tell of a way of giving work out.
    pub fn telling<'t>(&self, way: GivenOut, tests: &'t [Test], side: Side) -> impl Iterator<Item = &'t Test> {
        let measures = [GivenOut::ToMeasure, GivenOut::InLikeParts];
        let least = if measures.contains(&way) { self.least_measured } else { self.least_agreeing };
        let tells = move |t: &&Test| {
            way.signals().contains(&t.signal)
                && self.speaks(t, side)
                && t.agreement().is_none_or(|share| share >= least)
        };
        tests.iter().filter(tells)
    }

    /// X: work that no two accounts do, and one of these: it stands alone (or converses day and night), *says* that it asks for
    /// training material and is given out; it is given out and answered at unusual *length*; it is a *sweep* of one data set; or
    /// a *production*, one kind of task given out in several ways, by a machine or to several purses, whatever the length of its
    /// answers. What the log does not tell is not held against a group. `outputs` are those of everybody else.
    pub fn is_extraction(&self, tests: &[Test], shape: &Shape, side: Side, outputs: Outputs) -> bool {
        let given_out = self.given_out(tests, shape, side);
        let ways = given_out.len();
        let by_machine = given_out.iter().any(|way| way.is_by_machine());
        let long = shape.output >= self.long_output(side, outputs) && shape.output > 0.0;
        let single = shape.single_turn.is_none_or(|v| v >= self.least_single_turn);
        let production = !shape.one_customer
            && (shape.replicas.is_some() || shape.uniform.is_some_and(|u| u >= self.least_uniform))
            // Whoever sends each text to just as many accounts deals it out to them; so does a platform of crowd work.
            && ways + usize::from(shape.replicas.is_some()) >= 2
            && (by_machine || given_out.contains(&GivenOut::FromPurses));
        match shape.unrepeated {
            Some(unrepeated) => {
                let least_rules = if shape.one_customer { self.least_said } else { self.least_rule_share };
                let rules =
                    shape.rule_share.is_some_and(|rules| rules >= least_rules) && !self.is_too_short(shape, long);
                let says = (single || self.awake(shape) && self.says_so(shape)) && rules && ways >= 1;
                // An agency of one customer's works to one measure by day; a harvest on one card does not sleep.
                let ordered = ways >= 1 && (by_machine || !shape.one_customer);
                let to_order = long && (single && ordered || by_machine && ways >= 2);
                // A laboratory that deals a benchmark out among its people has addresses at one domain.
                let speaks = |is: fn(&Test) -> bool| tests.iter().any(|t| is(t) && self.speaks(t, side));
                let sweep = single && speaks(|t| t.signal == Signal::ContentShard) && !speaks(is_of_one_domain);
                (shape.replicas.is_some() || unrepeated >= self.least_unrepeated)
                    && (says || to_order || sweep || production)
            }
            None => {
                let longer = long && shape.output >= self.least_output_over_median_untold * outputs.median;
                shape.single_turn.is_some() && single && (longer && ways >= 1 || production)
            }
        }
    }

    /// C: enough independent families speak.
    pub fn is_coordinated(&self, tests: &[Test], side: Side) -> bool {
        self.speaking(tests, side).len() >= self.least_families
    }
}

/// Whether a test says that a group's e-mail addresses are at one domain.
fn is_of_one_domain(test: &Test) -> bool {
    [Signal::IdentityOwnDomain, Signal::IdentityEmailDomain].contains(&test.signal) && test.shared.len() < 2
}

/// q-value of a whole group: the weakest of as many families as are needed decides, each by the best of its tests that count.
pub fn network_q(tests: &[Test], side: Side, s: &FindingSettings) -> f64 {
    let mut of_families: BTreeMap<Option<Layer>, f64> = BTreeMap::new();
    for test in tests.iter().filter(|t| s.counts(t, side)) {
        let held = of_families.entry(test.signal.layer()).or_insert(1.0);
        *held = held.min(test.q_value);
    }
    let mut best: Vec<f64> = of_families.into_values().collect();
    best.sort_by(f64::total_cmp);
    best.get(s.least_families - 1).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::shape::Purses;
    use crate::judgement::weight::Weight;
    use crate::population::baseline::{Copies, Replicas};
    use crate::statistics::group_tests::Outcome;

    fn sure(signal: Signal) -> Test {
        let outcome = Outcome { observed: 10.0, expected: 1.0, p_value: 1e-9 };
        let test = Test::of_the_whole(signal, String::new(), "accounts", Counts::Members, outcome);
        Test { q_value: 1e-6, background: 0.1, ..test }
    }

    #[test]
    fn behaviour_is_no_independent_family() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::BehaviourClient), sure(Signal::IdentityPayment), sure(Signal::TimeQuota)];
        assert_eq!(s.speaking(&tests, Side::Content), [Layer::Identity, Layer::Time]);
        assert!(s.speaks(&tests[0], Side::Content) && !s.counts(&tests[0], Side::Content));
        assert!(s.is_coordinated(&tests, Side::Content));
        assert!(!s.is_coordinated(&tests[..2], Side::Content));
        assert_eq!(network_q(&tests[..2], Side::Content, &s), 1.0);
        // Surer than the others, and too small to count.
        let trifle = Outcome { observed: 60.0, expected: 40.0, p_value: 1e-30 };
        let trifle = Test { outcome: trifle, q_value: 1e-20, ..sure(Signal::IdentityPayment) };
        let with_trifle = [trifle, tests[1].clone(), tests[2].clone()];
        assert_eq!(network_q(&with_trifle, Side::Content, &s), 1e-6);
        assert_eq!(Weight::of(&tests[..1]).total(), 0.0);
    }

    /// The work of robots that ask for training material in one wording, at more length than others.
    fn harvest() -> Shape {
        Shape {
            texts: 900,
            unrepeated: Some(1.0),
            by_draw: false,
            replicas: None,
            own: crate::judgement::shape::Own::All,
            figures: crate::judgement::shape::Figures::default(),
            single_turn: Some(1.0),
            rule_share: Some(0.0),
            at_length: false,
            uniform: Some(1.0),
            spread: Some(0.1),
            lasted_us: 10 * 86_400_000_000,
            rhythm: Some(1.0),
            output: 900.0,
            one_customer: false,
            purses: purses(3),
        }
    }

    fn purses(all: usize) -> Purses {
        Purses { all, own: all, paid: 0.0 }
    }

    const OUTPUTS: Outputs = Outputs { lower_quartile: 150.0, median: 300.0 };

    #[test]
    fn a_course_that_asks_for_training_material_by_day_is_run_by_no_one_hand() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::IdentityCohort), sure(Signal::TimeQuota)];
        let course = Shape { rule_share: Some(1.0), rhythm: Some(1.6), ..harvest() };
        assert!(s.is_coordinated(&tests, Side::Content) && !s.one_hand(&tests, &course, Side::Content));
        assert!(s.is_extraction(&tests, &course, Side::Content, OUTPUTS), "it is shaped like extraction all the same");
        assert!(s.one_hand(&tests, &Shape { rhythm: Some(1.0), ..course }, Side::Content));
    }

    #[test]
    fn crowd_workers_who_compare_replies_when_they_please_are_given_nothing_out() {
        let s = FindingSettings::default();
        let workers =
            Shape { rule_share: Some(1.0), rhythm: Some(1.6), uniform: Some(0.4), output: 150.0, ..harvest() };
        let tests = [sure(Signal::IdentityCohort), sure(Signal::InfrastructureAddress)];
        assert!(!s.is_extraction(&tests, &workers, Side::Content, OUTPUTS));
        let measured = [sure(Signal::TimeQuota), tests[1].clone()];
        assert!(s.is_extraction(&measured, &workers, Side::Content, OUTPUTS));
        assert!(s.is_extraction(&tests, &Shape { rhythm: Some(1.0), ..workers }, Side::Content, OUTPUTS));
    }

    #[test]
    fn a_laboratory_of_one_domain_may_deal_a_benchmark_out() {
        let s = FindingSettings::default();
        let shape = Shape { output: 90.0, uniform: Some(0.0), rhythm: Some(1.6), ..harvest() };
        let dealt = sure(Signal::ContentShard);
        let domain = sure(Signal::IdentityEmailDomain);
        assert!(s.is_extraction(std::slice::from_ref(&dealt), &shape, Side::Profile, OUTPUTS));
        assert!(!s.is_extraction(&[dealt, domain], &shape, Side::Profile, OUTPUTS));
    }

    #[test]
    fn one_domain_is_a_school_or_an_office_and_several_were_made() {
        let s = FindingSettings::default();
        let domains = |n: u32| [Test { shared: (0..n).collect(), ..sure(Signal::IdentityOwnDomain) }];
        assert!(!s.one_hand(&domains(1), &harvest(), Side::Content));
        assert!(s.one_hand(&domains(2), &harvest(), Side::Content));
        // One domain of a provider that serves everybody is no institution's, but says something only of robots who say so.
        let provider = [Test { shared: [0].into(), ..sure(Signal::IdentityEmailDomain) }];
        let says_so = Shape { rule_share: Some(1.0), ..harvest() };
        assert!(s.one_hand(&provider, &says_so, Side::Content));
        assert!(!s.one_hand(&provider, &Shape { rhythm: Some(1.6), ..says_so }, Side::Content));
        assert!(!s.one_hand(&provider, &harvest(), Side::Content));
        let school = [domains(1)[0].clone(), provider[0].clone()];
        assert!(!s.one_hand(&school, &says_so, Side::Content));
    }

    #[test]
    fn a_production_of_one_customer_is_its_own_unless_it_says_otherwise() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::IdentityPayment), sure(Signal::TimeQuota)];
        let short = Shape { output: 90.0, ..harvest() };
        assert!(s.is_extraction(&tests, &short, Side::Content, OUTPUTS));
        // By day too, where several purses pay; one may be that of a laboratory or an agency.
        let by_day = Shape { rhythm: Some(1.6), ..short };
        assert!(s.is_extraction(&tests, &by_day, Side::Content, OUTPUTS));
        assert!(!s.is_extraction(&tests, &Shape { purses: purses(1), ..by_day }, Side::Content, OUTPUTS));
        let firm = Shape { one_customer: true, purses: purses(1), ..short };
        assert!(!s.is_extraction(&tests, &firm, Side::Content, OUTPUTS));
        assert!(s.is_extraction(&tests, &Shape { rule_share: Some(0.9), ..firm }, Side::Content, OUTPUTS));
        let long = Shape { output: 900.0, rhythm: Some(1.6), ..firm };
        assert!(!s.is_extraction(&tests, &long, Side::Content, OUTPUTS), "an agency works by day");
        assert!(s.is_extraction(&tests[..1], &Shape { rhythm: Some(1.0), ..long }, Side::Content, OUTPUTS));
    }

    #[test]
    fn work_is_given_out_in_the_ways_that_tests_and_hours_tell() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::IdentityPayment), sure(Signal::TimeQuota)];
        let ways = |shape: &Shape, side| s.given_out(&tests, shape, side);
        let all = [GivenOut::DayAndNight, GivenOut::ToMeasure, GivenOut::FromPurses];
        assert_eq!(ways(&harvest(), Side::Content), all);
        assert_eq!(
            ways(&Shape { rhythm: Some(1.6), purses: purses(1), ..harvest() }, Side::Content),
            [GivenOut::ToMeasure]
        );
        let untold = [Test { q_value: 0.5, ..tests[1].clone() }];
        assert!(s.given_out(&untold, &Shape { rhythm: None, ..harvest() }, Side::Content).is_empty());
    }

    #[test]
    fn customers_of_whom_two_thirds_happen_to_lie_close_together_are_given_no_measure() {
        let s = FindingSettings::default();
        let of = |agreeing: u32| {
            let agreeing = (0..50).map(|entity| (entity, entity < agreeing)).collect();
            [Test { agreeing, ..sure(Signal::TimeQuota) }]
        };
        let by_day = Shape { rhythm: Some(1.6), ..harvest() };
        assert!(s.speaks(&of(32)[0], Side::Content), "it says that they are alike all the same");
        assert!(s.given_out(&of(32), &by_day, Side::Content).is_empty());
        assert_eq!(s.given_out(&of(45), &by_day, Side::Content), [GivenOut::ToMeasure]);
    }

    #[test]
    fn customers_of_one_trade_ask_for_like_amounts_and_were_taken_for_accounts_of_one_queue() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::TimeQuota)];
        let customers = Shape { rhythm: Some(1.6), purses: purses(0), spread: Some(0.3), ..harvest() };
        assert!(s.given_out(&tests, &customers, Side::Control).is_empty());
        assert!(!s.is_extraction(&tests, &customers, Side::Control, OUTPUTS));
        // From several purses nobody's customers are.
        let tests = [tests[0].clone(), sure(Signal::IdentityPayment)];
        let ways = s.given_out(&tests, &Shape { purses: purses(3), ..customers }, Side::Control);
        assert_eq!(ways, [GivenOut::InLikeParts, GivenOut::FromPurses]);
        // Two firms' accounts, of which one asks for ten times what another does, were said to be given like parts.
        let ways = s.given_out(&tests, &Shape { purses: purses(3), spread: Some(0.87), ..customers }, Side::Control);
        assert_eq!(ways, [GivenOut::FromPurses]);
    }

    /// A group that was looked for by its six cards has no test of them, and so had no purses.
    #[test]
    fn the_cards_that_proposed_a_group_are_purses_where_they_pay_for_enough_of_it() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::TimeQuota)];
        let of =
            |paid| Shape { purses: Purses { paid, ..purses(6) }, rhythm: Some(1.6), spread: Some(0.4), ..harvest() };
        let ways = |paid, side| s.given_out(&tests, &of(paid), side);
        assert_eq!(ways(0.9, Side::Control), [GivenOut::InLikeParts, GivenOut::FromPurses]);
        assert!(ways(0.2, Side::Control).is_empty() && ways(0.9, Side::Content).is_empty());
    }

    #[test]
    fn a_rota_of_a_hundred_accounts_passed_for_clocks_of_their_own() {
        let s = FindingSettings::default();
        let rests = |observed, expected| {
            let outcome = Outcome { observed, expected, p_value: 1e-15 };
            s.speaks(&Test { outcome, counts: Counts::Mean, ..sure(Signal::TimeTurnTaking) }, Side::Profile)
        };
        assert!(rests(0.6, 0.5) && !rests(0.54, 0.5));
        assert!(rests(0.9999, 0.98), "who never works out of turn");
        assert!(!rests(0.985, 0.98) && !rests(1.0, 1.0));
    }

    #[test]
    fn a_hackathon_was_suspected_for_its_like_amounts() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::IdentityCohort), sure(Signal::TimeQuota)];
        let event = Shape { rhythm: None, purses: purses(0), lasted_us: 2 * 86_400_000_000, ..harvest() };
        assert!(!s.is_extraction(&tests, &event, Side::Control, OUTPUTS));
        let weeks = Shape { lasted_us: 14 * 86_400_000_000, ..event };
        assert_eq!(s.given_out(&tests, &weeks, Side::Control), [GivenOut::ToMeasure]);
        assert_eq!(s.given_out(&tests[1..], &event, Side::Control), [GivenOut::ToMeasure], "opened at other times");
    }

    #[test]
    fn accounts_opened_together_that_are_each_sent_every_fourth_copy_of_a_question_are_run_by_one_hand() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::IdentityCohort), sure(Signal::TimeQuota)];
        let voting = Shape { replicas: Some(Replicas { copies: 4, of: Copies::Accounts, slack: 0 }), ..harvest() };
        assert!(s.one_hand(&tests, &voting, Side::Content));
        assert!(!s.one_hand(&tests, &harvest(), Side::Content));
        assert!(!s.one_hand(&tests, &Shape { rhythm: Some(1.6), ..voting }, Side::Content), "annotators by day");
    }

    #[test]
    fn answers_no_longer_than_half_again_the_median_are_not_unusual() {
        let s = FindingSettings::default();
        let tests = [sure(Signal::TimeQuota)];
        let answered = |output: f64, texts: bool| {
            let told = |v: f64| texts.then_some(v);
            let shape = Shape { output, unrepeated: told(1.0), rule_share: told(0.0), rhythm: None, ..harvest() };
            s.is_extraction(&tests, &shape, Side::Content, OUTPUTS)
        };
        assert!(!answered(390.0, true) && answered(430.0, true));
        assert!(!answered(430.0, false) && answered(610.0, false), "without text a class looks like this too");
    }

    #[test]
    fn what_half_of_a_log_does_and_hardly_anybody_else_is_large_though_chance_gives_half_of_it() {
        let s = FindingSettings::default();
        let outcome = Outcome { observed: 95.0, expected: 50.0, p_value: 1e-30 };
        let test = |part: f64| Test { outcome, background: 0.5, part, ..sure(Signal::IdentityPayment) };
        assert!(!s.speaks(&test(0.05), Side::Content));
        assert!(s.speaks(&test(0.5), Side::Content));
        assert!((test(0.5).expected_outside() - 5.0).abs() < 1e-9, "of as many outside five agree");
        // Everybody is outside nothing.
        assert_eq!(test(1.0).expected_outside(), 50.0);
    }

    #[test]
    fn a_significant_trifle_does_not_speak() {
        let s = FindingSettings::default();
        let outcome = Outcome { observed: 60.0, expected: 40.0, p_value: 1e-12 };
        assert!(!s.speaks(&Test { outcome, ..sure(Signal::TimeQuota) }, Side::Content));
        let outcome = Outcome { observed: 3.0, expected: 40.0, p_value: 1e-12 };
        let shard = Test { outcome, counts: Counts::TooLittle, ..sure(Signal::ContentShard) };
        assert!(s.speaks(&shard, Side::Content));
        assert!(!s.speaks(&Test { counts: Counts::Objects, ..shard }, Side::Content));
    }
}
