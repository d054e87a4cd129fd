//! How work is given out to accounts, instead of arising in each of them.

use crate::document::signal::Signal;

/// A way of giving work out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenOut {
    DayAndNight,
    InTurns,
    Dealt,
    NewAddresses,
    /// As one queue deals it to all alike.
    ToMeasure,
    /// In amounts more alike than chance gives, if not as alike: people of one kind ask so too, but not from several purses.
    InLikeParts,
    WithRests,
    FromPurses,
}

impl GivenOut {
    pub const ALL: [Self; 8] = [
        Self::DayAndNight,
        Self::InTurns,
        Self::Dealt,
        Self::NewAddresses,
        Self::ToMeasure,
        Self::InLikeParts,
        Self::WithRests,
        Self::FromPurses,
    ];

    /// The tests any of which tells of it; none where the shape of the work does.
    pub fn signals(self) -> &'static [Signal] {
        match self {
            Self::DayAndNight => &[],
            Self::InTurns => &[Signal::TimeTurnTaking],
            Self::Dealt => &[Signal::ContentShard],
            Self::NewAddresses => &[Signal::InfrastructureRotation],
            Self::ToMeasure | Self::InLikeParts => &[Signal::TimeQuota],
            Self::WithRests => &[Signal::TimeSilence],
            Self::FromPurses => &[Signal::IdentityPayment, Signal::IdentityDevice, Signal::IdentityPhone],
        }
    }

    /// Whether only a machine does it so: people keep to a measure and rest together too.
    pub fn is_by_machine(self) -> bool {
        matches!(self, Self::DayAndNight | Self::InTurns | Self::Dealt | Self::NewAddresses)
    }

    /// What is to be said of it.
    pub fn words(self) -> &'static str {
        match self {
            Self::DayAndNight => "around the clock",
            Self::InTurns => "in turn",
            Self::Dealt => "one data set split without overlap",
            Self::NewAddresses => "a new IP address for each request",
            Self::ToMeasure => "equal quotas",
            Self::InLikeParts => "similar quotas",
            Self::WithRests => "shared pauses",
            Self::FromPurses => "several payment instruments, devices or phones, each shared by a few accounts",
        }
    }
}
