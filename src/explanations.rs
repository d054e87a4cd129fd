//! Innocent explanations: what each predicts, and what was seen. They stand beside every finding.

use crate::document::Explanation;
use crate::proposals::Side;
use crate::shape::{AROUND_THE_CLOCK, Shape};

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

impl Sign {
    fn deciding(self) -> Self {
        Self { decides: true, ..self }
    }
}

/// What is known of a group, as signs; `None` where the logs do not tell.
struct Signs<'a> {
    families: &'a [&'a str],
    /// Tests that count for the group, such as `infrastructure.rotation`.
    signals: &'a [&'a str],
    shape: &'a Shape,
    proposed_by: Side,
}

impl Signs<'_> {
    fn speaks(&self, family: &str) -> bool {
        self.families.contains(&family)
    }

    fn agreement(what: &str, there: bool, predicted: bool) -> Option<Sign> {
        let seen = if there {
            format!("{what} agree beyond chance")
        } else {
            format!("no agreement of {what} that counts, beyond chance and large enough to matter")
        };
        Some(Sign { seen, against: there != predicted, decides: false })
    }

    /// Proposed by payments, devices or addresses in common, which no test counts then.
    fn held_alike(&self) -> bool {
        self.proposed_by == Side::Control
    }

    fn shares_addresses(&self) -> bool {
        ["infrastructure.address", "infrastructure.prefix"].iter().any(|s| self.signals.contains(s))
    }

    /// Nothing that a stranger would share: an address for each request is not shared, and no stranger's habit either.
    fn strangers(&self) -> Option<Sign> {
        let there = self.held_alike() || self.speaks("identity") || self.speaks("infrastructure");
        Self::agreement("payments, sign-up or the use of addresses", there, false)
    }

    fn one_holder(&self) -> Option<Sign> {
        let there = self.held_alike() || self.speaks("identity") || self.shares_addresses();
        Self::agreement("payments, sign-up or addresses", there, true)
    }

    fn addresses(&self) -> Option<Sign> {
        let there = self.shares_addresses();
        let known = there || !self.held_alike();
        Self::agreement("addresses", there, true).filter(|_| known).map(Sign::deciding)
    }

    fn instruments(&self) -> Option<Sign> {
        let there = self.speaks("identity");
        Self::agreement("payments or sign-up", there, false).filter(|_| there || !self.held_alike())
    }

    fn times(&self) -> Option<Sign> {
        Self::agreement("times", self.speaks("time"), false)
    }

    /// A group that was proposed by what its texts have in common has something in common, though no test counts it.
    fn texts_in_common(&self) -> Option<Sign> {
        let there = self.speaks("content") || self.proposed_by == Side::Content;
        there.then(|| Sign { seen: "its texts have a template in common".to_owned(), against: true, decides: false })
    }

    fn share(value: Option<f64>, seen: Option<String>, most: f64) -> Option<Sign> {
        Some(Sign { seen: seen?, against: value? > most, decides: false })
    }

    fn repeats(&self, most: f64) -> Option<Sign> {
        Self::share(self.shape.unrepeated, self.shape.unrepeated_words(), most)
    }

    fn talks(&self) -> Option<Sign> {
        Self::share(self.shape.single_turn, self.shape.single_turn_words(), HARDLY_CONVERSING)
    }

    fn asks(&self) -> Option<Sign> {
        Self::share(self.shape.rule_share, self.shape.rules_words(), ASKING)
    }

    fn people(&self) -> Option<Sign> {
        self.by_the_clock(|awake| awake)
    }

    fn machines(&self) -> Option<Sign> {
        self.by_the_clock(|awake| !awake)
    }

    fn by_the_clock(&self, against: impl Fn(bool) -> bool) -> Option<Sign> {
        self.shape.rhythm.map(|rhythm| Sign {
            seen: format!(
                "its accounts work at the same hours of the day {rhythm:.2} times as often as if they worked around the clock"
            ),
            against: against(rhythm <= AROUND_THE_CLOCK),
            decides: false,
        })
    }

    fn varied(&self) -> Option<Sign> {
        Self::share(self.shape.uniform, self.shape.uniform_words(), HALF)
    }

    /// Whoever has nothing to hide need not change addresses or replace closed accounts.
    fn hides(&self) -> Option<Sign> {
        let words = [
            ("infrastructure.rotation", "hardly any two requests come from one address"),
            ("time.succession", "closed accounts are followed by others that begin then"),
        ];
        let seen: Vec<&str> = words.iter().filter(|(s, _)| self.signals.contains(s)).map(|(_, words)| *words).collect();
        (!seen.is_empty()).then(|| Sign { seen: seen.join(", "), against: true, decides: false })
    }
}

/// Weighs the innocent explanations of a group for which `families` and `signals` (of tested evidence) speak; best fit first.
pub fn weigh(families: &[&str], signals: &[&str], shape: &Shape, proposed_by: Side) -> Vec<Explanation> {
    let s = Signs { families, signals, shape, proposed_by };
    let mut all = [
        (
            "popular framework or coding tool",
            "a shared prompt and client, but nothing shared in payment, addresses, sign-up or rhythm",
            vec![s.strangers(), s.times()],
            "a public tool or template that sends these very words by default, found with users outside the network",
        ),
        (
            "class or hackathon",
            "the same exercises again and again, conversations, human days",
            vec![s.repeats(HARDLY_REPEATED), s.talks(), s.people()],
            "an organiser who names the event and its participants, and accounts that are theirs",
        ),
        (
            "public benchmark run",
            "each account covers the whole set, so texts repeat from account to account",
            vec![s.repeats(HALF)],
            "a public data set that holds these texts, and an evaluation that names itself",
        ),
        (
            "crowd-work",
            "a common task sheet, but own payment and addresses, conversations, human days",
            vec![s.strangers(), s.talks(), s.people()],
            "a task platform or employer that confirms separate workers with payments of their own",
        ),
        (
            "one undeclared organisation",
            "shared payment, addresses or sign-up, work of its own that asks for no training material, nothing to hide",
            vec![s.one_holder(), s.asks(), s.hides()],
            "a contract, a domain or a contact that shows one customer behind the accounts, with a use of its own for the answers",
        ),
        (
            "reseller with customers of its own",
            "one hand behind the accounts and many behind the requests: work of many kinds that asks for no training material, conversations, human days",
            vec![s.varied().map(Sign::deciding), s.talks(), s.people(), s.asks()],
            "a reseller who names itself and shows customers of its own behind these requests",
        ),
        (
            "scheduled jobs of one product",
            "machine hours, and work that repeats from account to account and asks for no training material",
            vec![s.machines().map(Sign::deciding), s.repeats(HARDLY_REPEATED), s.asks()],
            "an owner who shows the product, its schedule, and what becomes of the answers",
        ),
        (
            "shared gateway, carrier or VPN",
            "addresses in common, and nothing else beyond chance",
            vec![
                s.addresses(),
                s.instruments(),
                s.times(),
                s.texts_in_common(),
            ],
            "an operator of the addresses who confirms that unrelated customers leave through them",
        ),
    ]
    .map(|(name, predicts, signs, would_change)| {
        let signs: Vec<Sign> = signs.into_iter().flatten().collect();
        let against = signs.iter().filter(|s| s.against).count();
        let fit = match against {
            _ if signs.is_empty() => "open",
            0 => "fits",
            n if n < signs.len() && !signs.iter().any(|s| s.against && s.decides) => "partly",
            _ => "contradicted",
        };
        let seen: Vec<&str> = signs.iter().map(|s| s.seen.as_str()).collect();
        let seen = if seen.is_empty() { "nothing of it in these logs".to_owned() } else { seen.join("; ") };
        let weight = against as f64 / signs.len().max(1) as f64;
        let words = |text: &str| text.to_owned();
        let explanation = Explanation {
            name: words(name),
            predicts: words(predicts),
            seen,
            fit: words(fit),
            would_change: words(would_change),
        };
        (explanation, weight)
    });
    let order = |fit: &str| ["fits", "partly", "open", "contradicted"].iter().position(|f| *f == fit);
    all.sort_by(|(a, x), (b, y)| order(&a.fit).cmp(&order(&b.fit)).then(x.total_cmp(y)));
    all.into_iter().map(|(explanation, _)| explanation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Shape = Shape {
        texts: 0,
        unrepeated: None,
        by_draw: false,
        replicas: None,
        own: crate::shape::Own::All,
        figures: crate::shape::Figures {
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
        spread: None,
        lasted_us: 0,
        rhythm: None,
        uniform: None,
        output: 0.0,
        one_customer: false,
        purses: 0,
    };

    fn weighed(families: &[&str], signals: &[&str], shape: &Shape, name: &str) -> Explanation {
        weigh(families, signals, shape, Side::Profile).into_iter().find(|e| e.name.starts_with(name)).unwrap()
    }

    #[test]
    fn a_framework_is_contradicted_by_payments_and_rhythm_only() {
        let fit = |families: &[&str]| weighed(families, &[], &NOTHING, "popular").fit;
        assert_eq!(fit(&["behaviour"]), "fits");
        assert_eq!(fit(&["behaviour", "time"]), "partly");
        assert_eq!(fit(&["identity", "time"]), "contradicted");
    }

    #[test]
    fn what_the_logs_do_not_show_neither_fits_nor_contradicts() {
        let benchmark = weighed(&["identity", "time"], &[], &NOTHING, "public benchmark");
        assert_eq!((benchmark.fit.as_str(), benchmark.seen.as_str()), ("open", "nothing of it in these logs"));
    }

    #[test]
    fn an_organisation_has_no_need_to_replace_closed_accounts() {
        let fit = |signals: &[&str]| weighed(&["identity", "time"], signals, &NOTHING, "one undeclared").fit;
        assert_eq!(fit(&["time.quota"]), "fits");
        assert_eq!(fit(&["time.quota", "time.succession"]), "partly");
    }

    /// What proposed a group is not among the families that test it, and is there all the same.
    #[test]
    fn payments_that_proposed_a_group_are_seen() {
        let all = weigh(&["time"], &[], &NOTHING, Side::Control);
        let seen =
            |name: &str| all.iter().find(|e| e.name.starts_with(name)).map(|e| (e.fit.as_str(), e.seen.as_str()));
        assert_eq!(seen("one undeclared"), Some(("fits", "payments, sign-up or addresses agree beyond chance")));
        assert_eq!(seen("shared gateway"), Some(("contradicted", "times agree beyond chance")));
    }

    #[test]
    fn only_addresses_in_common_are_a_gateway() {
        let shared = ["infrastructure.address"];
        let fit = |families: &[&str], signals: &[&str]| weighed(families, signals, &NOTHING, "shared gateway").fit;
        assert_eq!(fit(&["infrastructure"], &shared), "fits");
        assert_eq!(fit(&["content", "infrastructure"], &shared), "partly");
        // An address for each request is no address in common.
        assert_eq!(fit(&["infrastructure"], &["infrastructure.rotation"]), "contradicted");
        let proposed = weigh(&["infrastructure"], &shared, &NOTHING, Side::Content);
        assert!(
            proposed.iter().any(|e| e.name.starts_with("shared gateway") && e.seen.contains("a template in common"))
        );
    }

    #[test]
    fn every_explanation_says_what_would_change_the_conclusion_and_what_was_seen() {
        let shape = Shape { unrepeated: Some(1.0), single_turn: Some(0.9), ..NOTHING };
        let all = weigh(&["identity", "time"], &[], &shape, Side::Content);
        assert!(all.len() == 8 && all.iter().all(|e| !e.would_change.is_empty() && !e.seen.is_empty()));
        let class = all.iter().find(|e| e.name.starts_with("class")).unwrap();
        assert_eq!(class.fit, "contradicted");
        assert!(
            class.seen.contains("150 of 150 texts had not been sent") && class.seen.contains("180 of 200 requests")
        );
    }
}
