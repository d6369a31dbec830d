//! Where a repository is: the forms that a Git source's `url` has, and how they are shown.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::source::http::Shown;
use crate::source::local::{Surroundings, path_of};

/// Where a repository is. Shown without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind an HTTP server. May hold credentials.
    Http(Url),
    /// Behind a Git daemon.
    Daemon {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// As the daemon knows it.
        path: String,
    },
    /// On a machine that ssh leads to.
    Ssh {
        /// Who logs in; the ssh program's own choice without it.
        user: Option<String>,
        /// A name that the ssh program knows.
        host: String,
        /// The ssh program's own choice without it.
        port: Option<u16>,
        /// As that machine knows it.
        path: String,
    },
    /// In a folder of this machine.
    Folder(PathBuf),
}

/// The port that Git daemons listen on.
const DAEMON_PORT: u16 = 9418;

impl Place {
    /// Reads an http(s), ssh, git or `file:` URL, `user@host:path` as scp has it, or a path. `git+` before a scheme, as
    /// npm has it, is passed over.
    ///
    /// # Errors
    /// `InvalidArgument` where it is none of them.
    pub fn parse(text: &str, surroundings: &Surroundings) -> Result<Self> {
        let text = text.strip_prefix("git+").unwrap_or(text);
        if text.is_empty() {
            return Err(invalid("is empty: name the repository"));
        }
        if text.chars().any(char::is_control) {
            return Err(invalid("holds control characters"));
        }
        let scheme = scheme_of(text);
        match scheme.as_deref() {
            Some("http" | "https") => Self::http(text),
            Some("ssh" | "git") => Self::machine(text, scheme.as_deref() == Some("ssh")),
            Some("file") => {
                let path = path_of(text, surroundings);
                path.map(Self::Folder)
                    .map_err(|_| invalid("is no file URL of this machine; write it as file:///path/to/it"))
            }
            Some(other) => Err(invalid(&format!(
                "has the scheme {other:?}; use https, http, ssh, git, file, user@host:path or a path"
            ))),
            None => match scp_like(text) {
                Some(machine) => machine,
                None => Ok(Self::Folder(path_of(text, surroundings)?)),
            },
        }
    }

    fn http(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|error| invalid(&format!("is no URL: {error}")))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("can't have a query or a fragment; use branch, tag or commit to choose"));
        }
        Ok(Self::Http(url))
    }

    fn machine(text: &str, is_ssh: bool) -> Result<Self> {
        let url = Url::parse(text).map_err(|error| invalid(&format!("is no URL: {error}")))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("can't have a query or a fragment; use branch, tag or commit to choose"));
        }
        if url.password().is_some() {
            return Err(invalid("can't have a password; use ssh.keyFile, ssh.agent or https with an authToken"));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if [url.path(), url.username()].iter().any(|text| decoded(text).chars().any(char::is_control)) {
            return Err(invalid("holds control characters"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid("has no host"))?;
        let path = decoded(url.path());
        if is_ssh {
            let user = (!url.username().is_empty()).then(|| decoded(url.username()));
            // `/~user/…` means a home directory, as Git has it.
            let path = path.strip_prefix('/').filter(|path| path.starts_with('~')).unwrap_or(&path);
            return ssh(user.as_deref(), host.trim_matches(['[', ']']), url.port(), path);
        }
        if !url.username().is_empty() {
            return Err(invalid("can't have a user: the git protocol knows none"));
        }
        if path.len() < 2 {
            return Err(invalid("names no repository behind the host"));
        }
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self::Daemon { host, port: url.port().unwrap_or(DAEMON_PORT), path })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => Shown(url).fmt(formatter),
            Self::Daemon { host, port: DAEMON_PORT, path } => write!(formatter, "git://{host}{path}"),
            Self::Daemon { host, port, path } => write!(formatter, "git://{host}:{port}{path}"),
            Self::Ssh { user, host, port, path } => {
                formatter.write_str("ssh://")?;
                if let Some(user) = user {
                    write!(formatter, "{user}@")?;
                }
                formatter.write_str(host)?;
                if let Some(port) = port {
                    write!(formatter, ":{port}")?;
                }
                write!(formatter, "{}{path}", if path.starts_with('/') { "" } else { "/" })
            }
            Self::Folder(path) => path.display().fmt(formatter),
        }
    }
}

/// What stands before `://`, in lower case; also before `::`, with which Git names programs to run.
fn scheme_of(text: &str) -> Option<String> {
    let end = text.find(':')?;
    let (name, rest) = text.split_at(end);
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character));
    let is_scheme = rest.starts_with("://") || rest.starts_with("::") || name.eq_ignore_ascii_case("file");
    (is_name && is_scheme).then(|| name.to_ascii_lowercase())
}

/// What stands before and behind the colon in `user@host:path`, where no slash stands before it; one letter before it is
/// a drive. The machine may stand in brackets, in which it may have a port.
fn scp_like(text: &str) -> Option<Result<Place>> {
    let (user_before, rest) = match text.split_once("@[") {
        Some((user, rest)) if !user.contains(['/', ':']) => (Some(user), Some(rest)),
        _ => (None, text.strip_prefix('[')),
    };
    if let Some((inner, path)) = rest.and_then(|rest| rest.split_once("]:")) {
        let (user, host) = user_and_host(inner);
        let user = user_before.or(user);
        return Some(match host.split_once(':') {
            // More colons are those of an address.
            Some((host, port)) if !port.contains(':') => match port.parse() {
                Ok(port) => ssh(user, host, Some(port), path),
                Err(_) => Err(invalid("has a port that is none")),
            },
            _ => ssh(user, host, None, path),
        });
    }
    let (machine, path) = text.split_once(':').filter(|(machine, _)| !machine.contains('/') && machine.len() > 1)?;
    let first = path.split('/').next().unwrap_or_default();
    if !machine.contains('@') && first.contains('@') && first.contains(':') {
        return Some(Err(invalid("has a user that is none; passwords can't be given")));
    }
    let (user, host) = user_and_host(machine);
    Some(ssh(user, host, None, path))
}

fn user_and_host(machine: &str) -> (Option<&str>, &str) {
    machine.split_once('@').map_or((None, machine), |(user, host)| (Some(user), host))
}

/// A machine behind ssh. What goes to programs as an argument must not look like an option.
fn ssh(user: Option<&str>, host: &str, port: Option<u16>, path: &str) -> Result<Place> {
    let is_plain = |text: &str| {
        !text.starts_with('-')
            && text.chars().all(|character| character.is_alphanumeric() || "-_.:%+~".contains(character))
    };
    if host.is_empty() || !is_plain(host) {
        return Err(invalid("has a host that is none"));
    }
    if user.is_some_and(|user| user.is_empty() || !is_plain(user)) {
        return Err(invalid("has a user that is none; passwords can't be given"));
    }
    if path.is_empty() || path == "/" || path.starts_with('-') {
        return Err(invalid("names no repository behind the host"));
    }
    Ok(Place::Ssh { user: user.map(str::to_owned), host: host.to_owned(), port, path: path.to_owned() })
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("a Git source's url {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Place> {
        Place::parse(text, &Surroundings { working_directory: "/here".into(), packages_dir: None })
    }

    fn shown(text: &str) -> String {
        parse(text).unwrap().to_string()
    }

    #[test]
    fn all_forms_are_understood_and_shown_without_secrets() {
        for (text, expected) in [
            ("https://user:secret@example.test/a.git", "https://example.test/a.git"),
            ("git+https://example.test:8443/a", "https://example.test:8443/a"),
            ("GIT://example.test/a/b.git", "git://example.test/a/b.git"),
            ("git://[::1]:9000/a", "git://::1:9000/a"),
            ("ssh://git@example.test:2222/a.git", "ssh://git@example.test:2222/a.git"),
            ("git@example.test:team/a.git", "ssh://git@example.test/team/a.git"),
            ("example.test:a", "ssh://example.test/a"),
            ("[git@example.test:2222]:/a", "ssh://git@example.test:2222/a"),
            ("[::1]:a", "ssh://::1/a"),
            ("git@[::1]:a", "ssh://git@::1/a"),
            ("ssh://example.test/~me/a", "ssh://example.test/~me/a"),
            ("file:///srv/a.git", "/srv/a.git"),
            ("../a", "/here/../a"),
            ("./odd:name", "/here/./odd:name"),
            ("/srv/a", "/srv/a"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_without_being_repeated() {
        for text in [
            "",
            "ftp://user:secret@example.test/a",
            "ext::sh -c secret",
            "fd::17",
            "https://",
            "https://example.test/a?token=secret",
            "https://example.test/a#secret",
            "ssh://user:secret@example.test/a",
            "user:secret@example.test:a",
            "[git@example.test:secret]:/a",
            "git://user@example.test/a",
            "git://example.test",
            "ssh://-oProxyCommand=secret/a",
            "-oProxyCommand=secret:a",
            "-u@example.test:a",
            "git@example.test:-a",
            "git@example.test:",
            "https://example.test/\na",
            "git://example.test/a%00host=secret",
            "ssh://example.test/%1b[31m",
            "ssh://a%0ab@example.test/a",
            "file://user:secret@elsewhere.test/a",
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.code(), "EINVALIDARG", "{text}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }

    #[test]
    fn paths_behind_ssh_are_as_that_machine_knows_them() {
        let path = |text: &str| match parse(text).unwrap() {
            Place::Ssh { path, .. } => path,
            other => panic!("{other}"),
        };
        assert_eq!(path("ssh://example.test/a%20b.git"), "/a b.git");
        assert_eq!(path("ssh://example.test/~me/a"), "~me/a");
        assert_eq!(path("git@example.test:a"), "a");
        assert_eq!(path("git@example.test:/a"), "/a");
    }
}
