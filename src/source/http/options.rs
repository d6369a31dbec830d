//! How a source uses the network.

use std::path::PathBuf;
use std::time::Duration;

/// Time-outs, bounds and certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// Without a byte of the answer.
    pub read_timeout: Duration,
    /// For a whole request with all its tries, waits and redirects.
    pub request_timeout: Duration,
    /// Largest answer, counted after decompression, in bytes.
    pub max_response_bytes: usize,
    /// How often a request is tried at most.
    pub attempts: u32,
    /// Files of certificates (PEM) that are trusted beside the system's. All must be readable.
    pub ca_files: Vec<PathBuf>,
    /// As `ca_files`, named by the environment: one that can't be used is passed over, as Node.js does it.
    pub environment_ca_file: Option<PathBuf>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_mins(2),
            max_response_bytes: 64 * 1024 * 1024,
            attempts: 3,
            ca_files: Vec::new(),
            environment_ca_file: None,
        }
    }
}
