//! Clients that hold connections: shared by the sources that want the same of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use tokio::sync::OnceCell;
use url::Url;

use super::address::is_loopback;
use super::options::HttpOptions;
use crate::error::{Error, ErrorKind, Result};

/// Most clients that are kept for sources to come.
const MAX_KEPT: usize = 8;

/// Largest file of certificates, in bytes.
const MAX_CA_BYTES: u64 = 16 * 1024 * 1024;

/// What makes one client differ from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Traits {
    connect_timeout: Duration,
    ca_files: Vec<PathBuf>,
    environment_ca_file: Option<PathBuf>,
    /// Goes through the proxies that the environment names.
    uses_proxies: bool,
}

/// A client, made when it is first needed: reading certificates takes a while.
type Slot = Arc<OnceCell<Client>>;

static KEPT: Mutex<Vec<(Traits, Slot)>> = Mutex::new(Vec::new());

/// The connections of one source.
#[derive(Debug)]
pub(super) struct Connections {
    traits: Traits,
    direct: Slot,
    proxied: Slot,
}

impl Connections {
    pub(super) fn new(options: &HttpOptions) -> Self {
        let traits = Traits {
            connect_timeout: options.connect_timeout,
            ca_files: options.ca_files.clone(),
            environment_ca_file: options.environment_ca_file.clone(),
            uses_proxies: true,
        };
        let direct = slot(&Traits { uses_proxies: false, ..traits.clone() });
        Self { proxied: slot(&traits), direct, traits }
    }

    /// The client for a URL. This machine itself is asked through no proxy.
    pub(super) async fn to(&self, url: &Url) -> Result<Client> {
        let uses_proxies = !is_loopback(url);
        let traits = Traits { uses_proxies, ..self.traits.clone() };
        let slot = if uses_proxies { &self.proxied } else { &self.direct };
        let made =
            slot.get_or_try_init(async move || match tokio::task::spawn_blocking(move || connect(&traits)).await {
                Ok(made) => made,
                Err(fault) => {
                    Err(Error::new(ErrorKind::Internal, format!("making the HTTP client ended early: {fault}")))
                }
            });
        made.await.cloned()
    }
}

fn slot(traits: &Traits) -> Slot {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, slot)) = kept.iter().find(|(of, _)| of == traits) {
        return Arc::clone(slot);
    }
    if kept.len() >= MAX_KEPT {
        kept.remove(0);
    }
    let slot = Slot::default();
    kept.push((traits.clone(), Arc::clone(&slot)));
    slot
}

fn connect(traits: &Traits) -> Result<Client> {
    // An error means that somebody in this process chose a provider already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut certificates = Vec::new();
    for file in &traits.ca_files {
        certificates.extend(read_certificates(file)?);
    }
    if let Some(file) = &traits.environment_ca_file {
        match read_certificates(file) {
            Ok(found) => certificates.extend(found),
            Err(error) => tracing::warn!(%error, "NODE_EXTRA_CA_CERTS is passed over"),
        }
    }
    let mut builder = Client::builder()
        .user_agent(concat!("metabuilder-package-sources/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(traits.connect_timeout)
        // Followed by hand: whoever is redirected to must not get the token.
        .redirect(Policy::none())
        // Tried again by the layer above, which bounds it and tells of it.
        .retry(reqwest::retry::never());
    if !certificates.is_empty() {
        builder = builder.tls_certs_merge(certificates);
    }
    if !traits.uses_proxies {
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the HTTP client can't be set up: {error}")))
}

fn read_certificates(file: &Path) -> Result<Vec<Certificate>> {
    let unusable = |kind, why: &str| Error::new(kind, format!("the CA file {} {why}", file.display()));
    let size =
        std::fs::metadata(file).map_err(|error| unusable(ErrorKind::Read, &format!("can't be read: {error}")))?.len();
    if size > MAX_CA_BYTES {
        return Err(unusable(ErrorKind::TooLarge, "is larger than 16 MiB"));
    }
    let pem = std::fs::read(file).map_err(|error| unusable(ErrorKind::Read, &format!("can't be read: {error}")))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|_| unusable(ErrorKind::Malformed, "holds no certificates in PEM form"))?;
    if certificates.is_empty() {
        return Err(unusable(ErrorKind::Malformed, "holds no certificates in PEM form"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_want_the_same_share_their_connections() {
        let options = HttpOptions { connect_timeout: Duration::from_millis(4321), ..HttpOptions::default() };
        let (one, two) = (Connections::new(&options), Connections::new(&options));
        assert!(Arc::ptr_eq(&one.direct, &two.direct) && Arc::ptr_eq(&one.proxied, &two.proxied));
        assert!(!Arc::ptr_eq(&one.direct, &one.proxied));
    }

    #[tokio::test]
    async fn a_ca_file_that_is_none_is_told_of_and_may_be_mended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let options = HttpOptions { ca_files: vec![file.clone()], ..HttpOptions::default() };
        let connections = Connections::new(&options);
        let url = Url::parse("http://127.0.0.1/").unwrap();
        assert_eq!(connections.to(&url).await.unwrap_err().code(), "EREAD");
        std::fs::write(&file, "nonsense").unwrap();
        assert_eq!(connections.to(&url).await.unwrap_err().code(), "EMALFORMED");
    }

    #[tokio::test]
    async fn a_ca_file_of_the_environment_is_passed_over() {
        let options = HttpOptions { environment_ca_file: Some("/nowhere/ca.pem".into()), ..HttpOptions::default() };
        assert!(Connections::new(&options).to(&Url::parse("http://127.0.0.1/").unwrap()).await.is_ok());
    }
}
