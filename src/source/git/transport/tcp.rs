//! Git's protocol over a bare connection, as Git daemons speak it.

use std::io;

use git2::transport::SmartSubtransportStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::conversation::{Channel, begin};
use crate::error::{Error, ErrorKind};
use crate::source::git::job::Job;
use crate::source::layer::{Failure, Remedy};

/// Bytes that are received at a time.
const PIECE: usize = 32 * 1024;

/// Connects, and says which repository it is about.
pub(super) fn open(job: &Job, host: &str, port: u16, path: &str) -> Result<Box<dyn SmartSubtransportStream>, Failure> {
    let order = job.order();
    order.network.tally.request();
    let limit = order.links.connect_timeout;
    let mut connection = job.wait(async {
        match timeout(limit, TcpStream::connect((host, port))).await {
            Ok(connected) => connected.map_err(|error| broken(job, &error)),
            Err(_) => Err(silent(job, "took too long to connect to")),
        }
    })?;
    let request = format!("git-upload-pack {path}\0host={host}:{port}\0");
    connection.send(job, format!("{:04x}{request}", request.len() + 4).as_bytes())?;
    begin(job, connection)
}

impl Channel for TcpStream {
    fn send(&mut self, job: &Job, bytes: &[u8]) -> Result<(), Failure> {
        let limit = job.order().links.read_timeout;
        job.wait(async {
            match timeout(limit, self.write_all(bytes)).await {
                Ok(sent) => sent.map_err(|error| broken(job, &error)),
                Err(_) => Err(silent(job, "took too long: nothing is read by")),
            }
        })
    }

    fn receive(&mut self, job: &Job) -> Result<Vec<u8>, Failure> {
        let limit = job.order().links.read_timeout;
        let mut piece = vec![0; PIECE];
        let count = job.wait(async {
            match timeout(limit, self.read(&mut piece)).await {
                Ok(received) => received.map_err(|error| broken(job, &error)),
                Err(_) => Err(silent(job, "took too long: no byte came from")),
            }
        })?;
        piece.truncate(count);
        Ok(piece)
    }
}

fn broken(job: &Job, error: &io::Error) -> Failure {
    let message = format!("{} can't be asked: {error}", job.order().place);
    Failure { error: Error::new(ErrorKind::Network, message), remedy: Remedy::Retry { after: None } }
}

fn silent(job: &Job, what: &str) -> Failure {
    let message = format!("{} {what} it", job.order().place);
    Failure { error: Error::new(ErrorKind::Timeout, message), remedy: Remedy::Retry { after: None } }
}
