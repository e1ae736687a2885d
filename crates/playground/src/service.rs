//! The five services, by name.

use std::fmt;

/// One of the described services.
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
}

impl Service {
    /// All of them, in the order of the documents.
    pub(crate) const ALL: [Self; 5] =
        [Self::Genesys, Self::Voss, Self::Redback, Self::Vmanage, Self::Tao];

    /// The name in flags, in the database and in logs.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Genesys => "genesys",
            Self::Voss => "voss",
            Self::Redback => "redback",
            Self::Vmanage => "vmanage",
            Self::Tao => "tao",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
