//! Innocent explanations: what each predicts, and what was seen. They stand beside every finding.

use crate::document::Explanation;
use crate::document::glossary;
use crate::document::signal::{Layer, Signal};
use crate::judgement::dispatch::GivenOut;
use crate::judgement::shape::{AROUND_THE_CLOCK, Shape};
use crate::search::proposals::Side;

/// Share of texts that no other account of the group sent, from which a class or a benchmark is hard to believe.
const HARDLY_REPEATED: f64 = 0.75;
const HALF: f64 = 0.5;
/// Share of requests outside conversations, from which people who talk are hard to believe.
const HARDLY_CONVERSING: f64 = 0.75;
/// Share of texts that ask for training material, from which that is what the work is about.
const ASKING: f64 = 0.2;

/// One thing that an explanation predicts and the logs can show.
struct Sign {
    seen: String,
    /// Whether it was seen to be otherwise than predicted.
    against: bool,
    /// Whether the explanation falls with it, whatever else fits.
    decides: bool,
}

/// What is looked at, in words for where the logs do not show it, and what they show.
type Predicted = (&'static str, Option<Sign>);

fn deciding((what, sign): Predicted) -> Predicted {
    (what, sign.map(|sign| Sign { decides: true, ..sign }))
}

/// What is known of a group, as signs; `None` where the logs do not tell.
struct Signs<'a> {
    families: &'a [Layer],
    /// Tests that count for the group.
    signals: &'a [Signal],
    shape: &'a Shape,
    proposed_by: Side,
}

impl Signs<'_> {
    fn speaks(&self, family: Layer) -> bool {
        self.families.contains(&family)
    }

    /// What the accounts have in common of `what`, by name: what counted of some `families`, without the signals that `are` none of
    /// it, and what proposed the group.
    fn agreement(&self, what: &str, families: &[Layer], are: fn(Signal) -> bool, predicted: bool) -> Sign {
        let of_families = |signal: &Signal| signal.layer().is_some_and(|family| families.contains(&family));
        let counted = self.signals.iter().copied().filter(of_families).filter(|signal| are(*signal));
        let told = |family: Layer| self.signals.iter().any(|signal| signal.layer() == Some(family));
        let untold = families.iter().copied().filter(|family| self.speaks(*family) && !told(*family));
        let mut named: Vec<&str> = untold.map(|family| glossary::name(family.name())).collect();
        for name in counted.map(Signal::name) {
            if !named.contains(&name) {
                named.push(name);
            }
        }
        let proposed = self.held_alike() && families.contains(&Layer::Identity);
        let there = proposed || !named.is_empty();
        let seen = match (named.is_empty(), proposed) {
            (true, true) => "the group was proposed from shared payments, devices or addresses".to_owned(),
            (true, false) => format!("nothing in common beyond chance in {what}"),
            (false, _) => format!("these accounts have in common, beyond chance: {}", glossary::joined(&named)),
        };
        Sign { seen, against: there != predicted, decides: false }
    }

    /// Proposed by payments, devices or addresses in common, which no test counts then.
    fn held_alike(&self) -> bool {
        self.proposed_by == Side::Control
    }

    fn shares_addresses(&self) -> bool {
        self.signals.iter().any(|signal| is_shared(*signal) && signal.layer() == Some(Layer::Infrastructure))
    }

    /// Nothing that a stranger would share: an address for each request is not shared, and no stranger's habit either.
    fn strangers(&self) -> Predicted {
        let what = "payments, sign-up dates or use of IP addresses";
        (what, Some(self.agreement(what, &[Layer::Identity, Layer::Infrastructure], |_| true, false)))
    }

    fn one_holder(&self) -> Predicted {
        let what = "payments, sign-up dates or IP addresses";
        (what, Some(self.agreement(what, &[Layer::Identity, Layer::Infrastructure], is_shared, true)))
    }

    fn addresses(&self) -> Predicted {
        let known = self.shares_addresses() || !self.held_alike();
        let sign = self.agreement("IP addresses", &[Layer::Infrastructure], is_shared, true);
        deciding(("shared IP addresses", known.then_some(sign)))
    }

    fn instruments(&self) -> Predicted {
        let known = self.speaks(Layer::Identity) || !self.held_alike();
        let what = "payments or sign-up dates";
        (what, known.then(|| self.agreement(what, &[Layer::Identity], |_| true, false)))
    }

    fn times(&self) -> Predicted {
        ("timing", Some(self.agreement("timing", &[Layer::Time], |_| true, false)))
    }

    /// A group that was proposed by what its texts have in common has something in common, though no test counts it.
    fn texts_in_common(&self) -> Predicted {
        let there = self.speaks(Layer::Content) || self.proposed_by == Side::Content;
        let sign = Sign { seen: "the prompts share a template".to_owned(), against: true, decides: false };
        ("whether prompts have nothing in common", there.then_some(sign))
    }

    /// Whoever has nothing to hide pays with one card, signs up at one domain or works in one place.
    fn openly(&self) -> Predicted {
        let sign = match self.shape {
            Shape { one_customer: true, .. } => Some((Shape::ONE_CUSTOMER, false)),
            Shape { purses, .. } if purses.own >= 2 => Some((GivenOut::FromPurses.words(), true)),
            _ => None,
        };
        let sign = sign.map(|(seen, against)| Sign { seen: seen.to_owned(), against, decides: false });
        ("one payment instrument, private e-mail domain or office for nearly all accounts", sign)
    }

    fn share(value: Option<f64>, seen: Option<String>, most: f64) -> Option<Sign> {
        Some(Sign { seen: seen?, against: value? > most, decides: false })
    }

    fn repeats(&self, most: f64) -> Predicted {
        let sign = Self::share(self.shape.unrepeated, self.shape.unrepeated_words(), most);
        ("prompts that repeat from account to account", sign)
    }

    fn talks(&self) -> Predicted {
        ("conversations", Self::share(self.shape.single_turn, self.shape.single_turn_words(), HARDLY_CONVERSING))
    }

    fn asks(&self) -> Predicted {
        ("what the prompts ask for", Self::share(self.shape.rule_share, self.shape.rules_words(), ASKING))
    }

    fn people(&self) -> Predicted {
        self.by_the_clock(|awake| awake)
    }

    fn machines(&self) -> Predicted {
        self.by_the_clock(|awake| !awake)
    }

    fn by_the_clock(&self, against: impl Fn(bool) -> bool) -> Predicted {
        let sign = self.shape.rhythm.and_then(|rhythm| {
            let awake = rhythm <= AROUND_THE_CLOCK;
            Some(Sign { seen: self.shape.rhythm_words(awake)?, against: against(awake), decides: false })
        });
        ("hours of activity", sign)
    }

    fn varied(&self) -> Predicted {
        ("whether requests are of one kind", Self::share(self.shape.uniform, self.shape.uniform_words(), HALF))
    }

    /// Whoever has nothing to hide need not change addresses or replace closed accounts.
    fn hides(&self) -> Predicted {
        let words = [
            (Signal::InfrastructureRotation, "nearly every request comes from a different IP address"),
            (Signal::TimeSuccession, "closed accounts are followed by accounts that begin then"),
        ];
        let seen: Vec<&str> = words.iter().filter(|(s, _)| self.signals.contains(s)).map(|(_, words)| *words).collect();
        let sign = (!seen.is_empty()).then(|| Sign { seen: seen.join(", "), against: true, decides: false });
        ("that nothing is hidden", sign)
    }
}

/// Whether accounts share what a signal of identity or infrastructure tells of; an address for each request is not shared.
fn is_shared(signal: Signal) -> bool {
    signal != Signal::InfrastructureRotation
}

/// Weighs the innocent explanations of a group for which `families` and `signals` (of tested evidence) speak; best fit first.
pub fn weigh(families: &[Layer], signals: &[Signal], shape: &Shape, proposed_by: Side) -> Vec<Explanation> {
    let s = Signs { families, signals, shape, proposed_by };
    let mut all = [
        (
            "popular framework or coding tool",
            "a shared prompt and client, but nothing in common in payments, sign-up dates, IP addresses or timing",
            vec![s.strangers(), s.times()],
            "a public tool or template that sends these very words by default, found with users outside the network",
        ),
        (
            "class or hackathon",
            "the same exercises again and again, conversations, daytime activity with nightly breaks",
            vec![s.repeats(HARDLY_REPEATED), s.talks(), s.people()],
            "an organiser who names the event and its participants, and accounts that are theirs",
        ),
        (
            "public benchmark run",
            "each account covers the whole set, so prompts repeat from account to account",
            vec![s.repeats(HALF)],
            "a public data set that holds these prompts, and an evaluation that names itself",
        ),
        (
            "crowd-work",
            "a common task sheet, but separate payments and no shared IP addresses beyond chance, conversations, daytime activity with \
             nightly breaks",
            vec![s.strangers(), s.talks(), s.people()],
            "a task platform or employer that confirms separate workers with payments of their own",
        ),
        (
            "one undeclared organisation",
            "one payment instrument, private e-mail domain or office for nearly all accounts, shared payments, IP addresses or sign-up \
             dates, prompts unrelated to model training, no evasion",
            vec![s.openly(), s.one_holder(), s.asks(), s.hides()],
            "a contract, a domain or a contact that shows one customer behind the accounts, with a use of its own for the answers",
        ),
        (
            "reseller with customers of its own",
            "one operator, many different end users: requests of many kinds, prompts unrelated to model training, conversations, daytime \
             activity with nightly breaks",
            vec![deciding(s.varied()), s.talks(), s.people(), s.asks()],
            "a reseller who names itself and shows customers of its own behind these requests",
        ),
        (
            "scheduled jobs of one product",
            "activity at all hours, prompts that repeat from account to account, prompts unrelated to model training",
            vec![deciding(s.machines()), s.repeats(HARDLY_REPEATED), s.asks()],
            "an owner who shows the product, its schedule, and what becomes of the answers",
        ),
        (
            "shared gateway, carrier or VPN",
            "shared IP addresses, and nothing else in common beyond chance",
            vec![s.addresses(), s.instruments(), s.times(), s.texts_in_common()],
            "an operator of the addresses who confirms that unrelated customers leave through them",
        ),
    ]
    .map(|(name, predicts, predicted, would_change)| explained(name, predicts, predicted, would_change));
    let order = |fit: &str| ["fits", "partly", "open", "contradicted"].iter().position(|f| *f == fit);
    all.sort_by(|(a, x), (b, y)| order(&a.fit).cmp(&order(&b.fit)).then(x.total_cmp(y)));
    all.into_iter().map(|(explanation, _)| explanation).collect()
}

/// An explanation with the share of its checked predictions that speak against it.
fn explained(name: &str, predicts: &str, predicted: Vec<Predicted>, would_change: &str) -> (Explanation, f64) {
    let predictions = predicted.len();
    let open: Vec<String> =
        predicted.iter().filter(|(_, sign)| sign.is_none()).map(|(what, _)| (*what).into()).collect();
    let signs: Vec<Sign> = predicted.into_iter().filter_map(|(_, sign)| sign).collect();
    let against = signs.iter().filter(|s| s.against).count();
    let fit = match against {
        _ if signs.is_empty() => "open",
        0 => "fits",
        n if n < signs.len() && !signs.iter().any(|s| s.against && s.decides) => "partly",
        _ => "contradicted",
    };
    let result = match fit {
        "open" => "cannot be tested here".to_owned(),
        "fits" => format!("not contradicted ({} of {predictions} predictions could be checked)", signs.len()),
        "partly" => "partly contradicted".to_owned(),
        _ => "contradicted".to_owned(),
    };
    let seen: Vec<&str> = signs.iter().map(|s| s.seen.as_str()).collect();
    let seen = if seen.is_empty() { "nothing of it in these logs".to_owned() } else { seen.join("; ") };
    let weight = against as f64 / signs.len().max(1) as f64;
    let said = |of: bool| signs.iter().filter(|s| s.against == of).map(|s| s.seen.clone()).collect();
    let explanation = Explanation {
        name: name.to_owned(),
        predicts: predicts.to_owned(),
        seen,
        fit: fit.to_owned(),
        result,
        supports: said(false),
        against: said(true),
        not_checkable: open,
        would_change: would_change.to_owned(),
    };
    (explanation, weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::shape::Purses;

    const NOTHING: Shape = Shape {
        texts: 0,
        unrepeated: None,
        by_draw: false,
        replicas: None,
        own: crate::judgement::shape::Own::All,
        figures: crate::judgement::shape::Figures {
            requests: 200,
            own: 200,
            own_texts: 0,
            sent: 150,
            distinct: 150,
            told: 150,
            of_one_kind: 0,
            settings: 0,
        },
        single_turn: None,
        rule_share: None,
        at_length: false,
        spread: None,
        lasted_us: 0,
        rhythm: None,
        uniform: None,
        output: 0.0,
        one_customer: false,
        purses: Purses { all: 0, own: 0, paid: 0.0 },
    };

    fn weighed(families: &[Layer], signals: &[Signal], shape: &Shape, name: &str) -> Explanation {
        weigh(families, signals, shape, Side::Profile).into_iter().find(|e| e.name.starts_with(name)).unwrap()
    }

    #[test]
    fn a_framework_is_contradicted_by_payments_and_rhythm_only() {
        let fit = |families: &[Layer]| weighed(families, &[], &NOTHING, "popular").fit;
        assert_eq!(fit(&[Layer::Behaviour]), "fits");
        assert_eq!(fit(&[Layer::Behaviour, Layer::Time]), "partly");
        assert_eq!(fit(&[Layer::Identity, Layer::Time]), "contradicted");
    }

    #[test]
    fn what_the_logs_do_not_show_neither_fits_nor_contradicts() {
        let benchmark = weighed(&[Layer::Identity, Layer::Time], &[], &NOTHING, "public benchmark");
        assert_eq!((benchmark.fit.as_str(), benchmark.seen.as_str()), ("open", "nothing of it in these logs"));
    }

    #[test]
    fn an_organisation_has_no_need_to_replace_closed_accounts() {
        let fit =
            |signals: &[Signal]| weighed(&[Layer::Identity, Layer::Time], signals, &NOTHING, "one undeclared").fit;
        assert_eq!(fit(&[Signal::TimeQuota]), "fits");
        assert_eq!(fit(&[Signal::TimeQuota, Signal::TimeSuccession]), "partly");
    }

    /// What proposed a group is not among the families that test it, and is there all the same.
    #[test]
    fn payments_that_proposed_a_group_are_seen() {
        let all = weigh(&[Layer::Time], &[], &NOTHING, Side::Control);
        let seen =
            |name: &str| all.iter().find(|e| e.name.starts_with(name)).map(|e| (e.fit.as_str(), e.seen.as_str()));
        assert_eq!(
            seen("one undeclared"),
            Some(("fits", "the group was proposed from shared payments, devices or addresses"))
        );
        assert_eq!(
            seen("shared gateway"),
            Some(("contradicted", "these accounts have in common, beyond chance: timing"))
        );
    }

    /// A sign-up on one day was told as payments that agree.
    #[test]
    fn only_what_counted_is_named() {
        let signals = [Signal::IdentityCohort, Signal::InfrastructureRotation, Signal::TimeQuota];
        let all = weigh(&[Layer::Identity, Layer::Infrastructure, Layer::Time], &signals, &NOTHING, Side::Content);
        let of = |name: &str| all.iter().find(|e| e.name.starts_with(name)).unwrap();
        assert_eq!(
            of("crowd-work").against,
            ["these accounts have in common, beyond chance: sign-up dates and IP address rotation"]
        );
        assert_eq!(of("one undeclared").supports, ["these accounts have in common, beyond chance: sign-up dates"]);
        assert_eq!(of("popular").against[1], "these accounts have in common, beyond chance: requests per account");
        assert_eq!(
            of("class").not_checkable,
            ["prompts that repeat from account to account", "conversations", "hours of activity"]
        );
        assert_eq!(of("public benchmark").result, "cannot be tested here");
        let by_payment = weigh(&[Layer::Identity], &[Signal::IdentityPayment], &NOTHING, Side::Content);
        let organisation = by_payment.iter().find(|e| e.name.starts_with("one undeclared")).unwrap();
        assert_eq!(organisation.result, "not contradicted (1 of 4 predictions could be checked)");
    }

    #[test]
    fn whoever_pays_from_several_purses_is_no_open_organisation() {
        let sign = |shape: &Shape| weighed(&[Layer::Identity], &[Signal::IdentityPayment], shape, "one undeclared");
        let open = sign(&Shape { one_customer: true, ..NOTHING });
        assert!(open.fit == "fits" && open.supports[0].starts_with("nearly all accounts have one payment"), "{open:?}");
        let purses = Purses { all: 3, own: 3, paid: 0.9 };
        let several = sign(&Shape { purses, ..NOTHING });
        assert!(
            several.fit == "partly" && several.against[0].starts_with("several payment instruments"),
            "{several:?}"
        );
    }

    #[test]
    fn only_addresses_in_common_are_a_gateway() {
        let shared = [Signal::InfrastructureAddress];
        let fit = |families: &[Layer], signals: &[Signal]| weighed(families, signals, &NOTHING, "shared gateway").fit;
        assert_eq!(fit(&[Layer::Infrastructure], &shared), "fits");
        assert_eq!(fit(&[Layer::Content, Layer::Infrastructure], &shared), "partly");
        // An address for each request is no address in common.
        assert_eq!(fit(&[Layer::Infrastructure], &[Signal::InfrastructureRotation]), "contradicted");
        let proposed = weigh(&[Layer::Infrastructure], &shared, &NOTHING, Side::Content);
        assert!(proposed.iter().any(|e| e.name.starts_with("shared gateway") && e.seen.contains("share a template")));
    }

    #[test]
    fn every_explanation_says_what_would_change_the_conclusion_and_what_was_seen() {
        let shape = Shape { unrepeated: Some(1.0), single_turn: Some(0.9), ..NOTHING };
        let all = weigh(&[Layer::Identity, Layer::Time], &[], &shape, Side::Content);
        assert!(all.len() == 8 && all.iter().all(|e| !e.would_change.is_empty() && !e.seen.is_empty()));
        let class = all.iter().find(|e| e.name.starts_with("class")).unwrap();
        assert_eq!(class.fit, "contradicted");
        assert!(
            class.seen.contains("150 of 150 prompts had not been sent") && class.seen.contains("180 of 200 requests")
        );
    }
}
