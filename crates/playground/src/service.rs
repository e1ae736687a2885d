//! The services, by name.

use std::fmt;

/// One of the described services, or the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Service {
    /// Genesys Web Services.
    Genesys,
    /// VOSS Automate.
    Voss,
    /// Apache Archiva Redback.
    Redback,
    /// Cisco SD-WAN vManage.
    Vmanage,
    /// The TAO testing platform.
    Tao,
    /// The bank, which has no protection and no dialect of its own.
    Bank,
}

impl Service {
    /// All of them: the described ones in the order of the documents, then the bank.
    pub(crate) const ALL: [Self; 6] =
        [Self::Genesys, Self::Voss, Self::Redback, Self::Vmanage, Self::Tao, Self::Bank];

    /// The name in flags, in the database and in logs.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Genesys => "genesys",
            Self::Voss => "voss",
            Self::Redback => "redback",
            Self::Vmanage => "vmanage",
            Self::Tao => "tao",
            Self::Bank => "bank",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
