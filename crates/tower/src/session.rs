//! What an app tells the layer about a request, or about its own response.

/// The session that a request belongs to, or that it belongs to from this response on.
///
/// An app that looks sessions up before the layer runs puts one into the request's extensions, so
/// that the cookie of a session that is over counts for nothing. Without one the session cookie's
/// bare value counts.
///
/// An app that begins, renews or ends a session puts one into the *response's* extensions, so that
/// a token delivered with that response belongs to the new session. Without one the response's
/// `Set-Cookie` for the session cookie is read.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionBinding(Option<String>);

impl SessionBinding {
    /// A live session, by its id. Never logged and never stored as it is.
    pub fn live(id: impl Into<String>) -> Self {
        Self(Some(id.into()))
    }

    /// No session.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The id of the live session.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl std::fmt::Debug for SessionBinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "SessionBinding::live(..)"
        } else {
            "SessionBinding::none()"
        })
    }
}

/// Who sent a request, put into its extensions by the app's authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The user's name.
    pub name: String,
    /// What the user may do anywhere.
    pub permissions: Vec<String>,
    /// What the user may do with one resource only: permission and resource.
    pub on_resource: Vec<(String, String)>,
}

impl Principal {
    /// A user who may do this much.
    pub fn new<P: Into<String>>(
        name: impl Into<String>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        Self {
            name: name.into(),
            permissions: permissions.into_iter().map(Into::into).collect(),
            on_resource: Vec::new(),
        }
    }

    /// Whether the user has `permission`, everywhere or on `resource`.
    #[must_use]
    pub fn may(&self, permission: &str, resource: Option<&str>) -> bool {
        self.permissions.iter().any(|own| own == permission)
            || resource.is_some_and(|resource| {
                self.on_resource.iter().any(|(own, on)| own == permission && on == resource)
            })
    }
}
