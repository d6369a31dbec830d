//! The machine's ssh program, which is what Git itself goes through: it knows the user's settings, keys, agent, known
//! hosts and jump hosts. It is told never to ask anybody anything, and never to trust a host that it doesn't know.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::address::Place;
use super::job::Job;
use crate::error::{Error, ErrorKind};
use crate::source::layer::{Failure, Remedy};

/// How the ssh program is told to log in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshOptions {
    /// The file of the only key that is to be used; the program's own choice without it.
    pub key_file: Option<PathBuf>,
    /// Which agent is asked.
    pub agent: Agent,
    /// The only file of hosts that are known; the program's own without it.
    pub known_hosts_file: Option<PathBuf>,
}

/// Which ssh agent is asked for keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Agent {
    /// The one that the environment and the user's settings name.
    #[default]
    Own,
    /// None.
    None,
    /// The one at this socket.
    At(PathBuf),
}

/// The program and its arguments, for reading the repository.
pub(super) fn command(
    job: &Job,
    user: Option<&str>,
    host: &str,
    port: Option<u16>,
    path: &str,
) -> Result<Command, Failure> {
    let links = &job.order().links;
    let SshOptions { key_file, agent, known_hosts_file } = &links.ssh;
    let mut command = Command::new("ssh");
    // Messages that can be told apart.
    command.env("LC_ALL", "C");
    let mut option = |text: &str| {
        command.arg("-o").arg(text);
    };
    option("BatchMode=yes");
    option("StrictHostKeyChecking=yes");
    option("PermitLocalCommand=no");
    option("ClearAllForwardings=yes");
    option("ForwardAgent=no");
    option("ControlMaster=no");
    option(&format!("ConnectTimeout={}", links.connect_timeout.as_secs().max(1)));
    if let Some(file) = known_hosts_file {
        option(&format!("UserKnownHostsFile={}", quoted(file)?));
        option("GlobalKnownHostsFile=none");
        option("UpdateHostKeys=no");
    }
    if let Some(file) = key_file {
        option(&format!("IdentityFile={}", quoted(file)?));
        option("IdentitiesOnly=yes");
    }
    match agent {
        Agent::Own => {}
        Agent::None => option("IdentityAgent=none"),
        Agent::At(socket) => option(&format!("IdentityAgent={}", quoted(socket)?)),
    }
    if let Some(port) = port {
        command.arg("-p").arg(port.to_string());
    }
    if let Some(user) = user {
        command.arg("-l").arg(user);
    }
    // The other machine's shell reads the command.
    let path = path.replace('\'', r"'\''").replace('!', r"'\!'");
    command.arg("-T").arg("--").arg(host).arg(format!("git-upload-pack '{path}'"));
    Ok(command)
}

/// A path as a value in ssh's settings, where `%` and `"` mean something.
fn quoted(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\n'])).ok_or_else(|| {
        let message = format!("the path {} can't be given to the ssh program", path.display());
        Failure { error: Error::new(ErrorKind::InvalidArgument, message), remedy: Remedy::Unasked }
    })?;
    Ok(format!("\"{}\"", text.replace('%', "%%")))
}

/// The program can't be started.
pub(super) fn unusable(place: &Place, error: &io::Error) -> Failure {
    let message = if error.kind() == io::ErrorKind::NotFound {
        format!("{place} needs the ssh program, which is not installed: install the OpenSSH client, or use https")
    } else {
        format!("{place} can't be asked, for the ssh program can't be started: {error}")
    };
    Failure { error: Error::new(ErrorKind::Ssh, message), remedy: Remedy::Unasked }
}

/// What the program's end means.
pub(super) fn failed(place: &Place, complaint: &str, has_spoken: bool) -> Failure {
    let said = last_words(complaint);
    let says = |words: &[&str]| words.iter().any(|word| complaint.contains(word));
    let failure = |kind, message: String, remedy| Failure { error: Error::new(kind, message), remedy };
    if says(&[
        "Host key verification failed",
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "No matching host key fingerprint",
    ]) {
        let message = format!(
            "{place} is on a host whose key is not the known one: add the right key to the known hosts, for example with ssh-keyscan ({said})"
        );
        return failure(ErrorKind::Ssh, message, Remedy::Later);
    }
    if says(&["Permission denied", "Too many authentication failures", "Load key", "no such identity"]) {
        let message = format!(
            "{place} refuses to be read with the keys that there are: check ssh.keyFile and ssh.agent ({said})"
        );
        return failure(ErrorKind::Ssh, message, Remedy::Later);
    }
    if says(&["does not appear to be a git repository", "not found", "does not exist"]) && !says(&["git-upload-pack: "])
    {
        let message = format!("there is no repository at {place}, or it may not be read ({said})");
        return failure(ErrorKind::NoRepository, message, Remedy::None);
    }
    let may_pass = has_spoken
        || says(&["Connection", "connect to host", "timed out", "Could not resolve", "kex_exchange", "Broken pipe"]);
    if may_pass {
        let message = format!("the connection to {place} broke: {said}");
        return failure(ErrorKind::Network, message, Remedy::Retry { after: None });
    }
    failure(ErrorKind::Ssh, format!("{place} can't be read over ssh: {said}"), Remedy::Later)
}

/// What is worth telling of a complaint.
fn last_words(complaint: &str) -> String {
    let lines = complaint.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('@'));
    let last: Vec<_> = lines.collect();
    let start = last.len().saturating_sub(2);
    let words = last[start..].join("; ");
    let plain: String = words.chars().filter(|character| !character.is_control()).take(300).collect();
    if plain.is_empty() { "it ended without a word".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(complaint: &str, has_spoken: bool) -> &'static str {
        failed(&Place::Folder("/srv/a".into()), complaint, has_spoken).error.code()
    }

    #[test]
    fn complaints_are_told_apart() {
        assert_eq!(code("No ED25519 host key is known\nHost key verification failed.\n", false), "ESSH");
        assert_eq!(code("git@example.test: Permission denied (publickey).\n", false), "ESSH");
        assert_eq!(code("ssh: connect to host example.test port 22: Connection refused\n", false), "ENETWORK");
        assert_eq!(code("fatal: '/a' does not appear to be a git repository\n", false), "ENOREPOSITORY");
        assert_eq!(code("bash: git-upload-pack: command not found\n", false), "ESSH");
        assert_eq!(code("", true), "ENETWORK");
        assert_eq!(code("", false), "ESSH");
    }

    #[test]
    fn a_complaint_is_told_briefly_and_without_control_characters() {
        let long = format!("one\ntwo\n\u{1b}[31m{}\n", "x".repeat(1000));
        let words = last_words(&long);
        assert!(words.starts_with("two; [31mx") && words.len() <= 310, "{words}");
    }
}
