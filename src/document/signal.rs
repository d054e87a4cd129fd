//! Every signal with all that is known of it, once: its id, its name, what a table says of it, and the layer of the evidence that it
//! is of. A misspelt id was a signal that nothing ever told of; a variant that does not exist is none.

use serde::Serialize;
use std::fmt;

/// A layer of the evidence, as a person leaves it out. Tests of one layer are a family, which counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    Content,
    Identity,
    Infrastructure,
    Behaviour,
    Time,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Layer; 5] = [Layer::Content, Layer::Identity, Layer::Infrastructure, Layer::Behaviour, Layer::Time];

    /// The word used in every file: that of its family of evidence.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Content => "content",
            Layer::Identity => "identity",
            Layer::Infrastructure => "infrastructure",
            Layer::Behaviour => "behaviour",
            Layer::Time => "time",
        }
    }

    /// The layer of that name.
    fn of(word: &str) -> Option<Self> {
        Layer::ALL.into_iter().find(|layer| layer.name() == word)
    }
}

impl std::str::FromStr for Layer {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let names = Layer::ALL.map(Layer::name).join(", ");
        Layer::of(word).ok_or_else(|| format!("no such layer; there are {names}"))
    }
}

/// One line a signal: variant, id, name, and what a table says of it where it counts; the last is empty where the claim itself has
/// shorter words with its figures.
macro_rules! signals {
    ($($variant:ident $id:literal $name:literal, $finding:literal;)*) => {
        /// One line of evidence. In the order of the ids, by which tests and claims that are equal otherwise are sorted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Signal { $(#[doc = $name] $variant),* }

        impl Signal {
            /// Every signal, in the order of the ids.
            pub const ALL: &[Signal] = &[$(Signal::$variant),*];

            /// Id, name and finding.
            const fn known(self) -> [&'static str; 3] {
                match self { $(Signal::$variant => [$id, $name, $finding]),* }
            }
        }
    };
}

signals! {
    BehaviourClient "behaviour.client" "client software and sampling parameters", "same client and parameters";
    BehaviourCutShort "behaviour.cut_short" "answers cut off at the token limit", "answers cut off at the limit";
    BehaviourRefused "behaviour.refused" "requests refused over quota", "refused over quota";
    ContentShard "content.shard" "one data set split without overlap", "one data set, split without overlap";
    ContentTemplate "content.template" "prompt template", "one prompt template";
    EntityOrganisation "entity.organisation" "declared organisation", "";
    EvasionClosed "evasion.closed" "closed accounts", "accounts closed, by whom is not known";
    EvasionContradiction "evasion.contradiction" "client contradicted by its TLS handshake", "accounts with a client that their TLS handshake contradicts";
    EvasionRotation "evasion.rotation" "IP address rotation", "";
    EvasionSuccession "evasion.succession" "closed accounts replaced", "";
    ExtractionGivenOut "extraction.given_out" "signs that work is distributed centrally", "";
    ExtractionOutput "extraction.output" "answer length", "answer length, tokens";
    ExtractionRhythm "extraction.rhythm" "active at all hours", "active at all hours (rhythm index)";
    ExtractionRules "extraction.rules" "extraction wording", "matches extraction wording";
    ExtractionSingleTurn "extraction.single_turn" "single-turn requests", "single-turn";
    ExtractionSpread "extraction.spread" "difference in request rates", "difference in request rates";
    ExtractionUniform "extraction.uniform" "requests of one kind", "requests of one kind";
    ExtractionUnrepeated "extraction.unrepeated" "prompts new to the network", "prompts new to the network";
    IdentityCohort "identity.cohort" "sign-up dates", "opened close together";
    IdentityDevice "identity.device" "devices", "shared devices";
    IdentityEmail "identity.email" "e-mail addresses", "shared e-mail addresses";
    IdentityEmailDomain "identity.email_domain" "e-mail domains", "few e-mail domains";
    IdentityEmailShape "identity.email_shape" "form of the e-mail addresses", "e-mail addresses of one form";
    IdentityOwnDomain "identity.own_domain" "private e-mail domains", "private e-mail domains";
    IdentityPayment "identity.payment" "payment instruments", "shared payment instruments";
    IdentityPhone "identity.phone" "phone numbers", "shared phone numbers";
    InfrastructureAddress "infrastructure.address" "IP addresses", "shared IP addresses";
    InfrastructurePrefix "infrastructure.prefix" "IP networks", "shared IP networks";
    InfrastructureRotation "infrastructure.rotation" "IP address rotation", "new IP address for nearly every request";
    TimeBurst "time.burst" "activity in the same hour", "";
    TimePivot "time.pivot" "switch to a new model", "";
    TimeQuota "time.quota" "requests per account", "";
    TimeRoundTheClock "time.round_the_clock" "daily rhythm", "similar daily rhythm";
    TimeSilence "time.silence" "shared pauses", "shared pauses";
    TimeSuccession "time.succession" "closed accounts replaced", "";
    TimeTurnTaking "time.turn_taking" "turn-taking", "accounts take turns";
}

impl Signal {
    /// The id, as in every file that programs read.
    pub fn id(self) -> &'static str {
        let [id, ..] = self.known();
        id
    }

    /// The name, as a person reads it.
    pub fn name(self) -> &'static str {
        let [_, name, _] = self.known();
        name
    }

    /// What a table says of it where it counts; `None` where the claim has words of its own, with figures.
    pub fn finding(self) -> Option<&'static str> {
        let [.., finding] = self.known();
        (!finding.is_empty()).then_some(finding)
    }

    /// Both parts of the id.
    fn parts(self) -> (&'static str, &'static str) {
        self.id().split_once('.').unwrap_or((self.id(), ""))
    }

    /// What stands before the dot: the word for its layer, where it is of one.
    pub fn family(self) -> &'static str {
        self.parts().0
    }

    /// What stands behind the dot: the kind of the objects that accounts share, where there are such.
    pub fn kind(self) -> &'static str {
        self.parts().1
    }

    /// Layer that a test of it is of; `None` of what describes the work, the hiding or the customer, for no test is made of that.
    pub fn layer(self) -> Option<Layer> {
        Layer::of(self.family())
    }

    /// The signal of an id; `None` of what is none, or was one of an older version.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.binary_search_by(|signal| signal.id().cmp(id)).ok().map(|place| Self::ALL[place])
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_stand_in_the_order_of_their_ids_and_are_found_by_them() {
        assert!(Signal::ALL.is_sorted_by(|a, b| a.id() < b.id() && a < b));
        assert!(Signal::ALL.iter().all(|signal| Signal::of(signal.id()) == Some(*signal)));
        assert_eq!([Signal::of("identity.paymnet"), Signal::of("identity")], [None; 2]);
        assert_eq!(Signal::TimeTurnTaking.to_string(), "time.turn_taking");
    }

    #[test]
    fn variants_are_called_after_their_ids() {
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let called = |id: &str| id.split(['.', '_']).map(capital).collect::<String>();
        assert!(Signal::ALL.iter().all(|signal| format!("{signal:?}") == called(signal.id())));
    }

    #[test]
    fn what_is_tested_is_of_the_layer_that_its_id_begins_with() {
        let layered = |family: &str| !["entity", "evasion", "extraction"].contains(&family);
        for signal in Signal::ALL {
            let word = layered(signal.family()).then(|| signal.family());
            assert_eq!(signal.layer().map(Layer::name), word);
            assert!(!signal.kind().is_empty() && !signal.name().is_empty());
        }
    }
}
