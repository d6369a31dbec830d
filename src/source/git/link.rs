//! How a repository is reached, as its source was set up.

use std::time::Duration;

use super::address::Place;
use super::ssh::SshOptions;
use crate::error::Result;
use crate::source::http::{AuthToken, HttpOptions, Streams};
use crate::source::layer::Network;

/// All that reaching a repository takes.
pub(super) struct Links {
    /// Over HTTP, where that is how.
    pub(super) http: Option<Streams>,
    /// Over ssh.
    pub(super) ssh: SshOptions,
    /// Until a connection stands.
    pub(super) connect_timeout: Duration,
    /// Without a byte.
    pub(super) read_timeout: Duration,
}

impl Links {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` where the token can't stand in a header.
    pub(super) fn new(
        place: &Place,
        token: AuthToken,
        http: &HttpOptions,
        ssh: SshOptions,
        network: Network,
    ) -> Result<Self> {
        let streams = match place {
            Place::Http(url) => Some(Streams::new(url.clone(), token, http, network)?),
            _ => None,
        };
        Ok(Self { http: streams, ssh, connect_timeout: http.connect_timeout, read_timeout: http.read_timeout })
    }

    /// What tells these credentials from others, and says nothing of them.
    pub(super) fn identity(&self) -> String {
        match &self.http {
            Some(streams) => streams.identity().to_owned(),
            None => format!("{:?}", self.ssh),
        }
    }
}
