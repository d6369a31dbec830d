//! A repository as a class.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Function, Promise, PromiseRaw};
use napi_derive::napi;

use super::callback::{auth_token, watch};
use super::cancel::{BindingCancel, settle_unless};
use super::event::{BindingEvent, BindingToken};
use super::git_setup::prepare;
use super::network::{BindingCondition, BindingNetworkOptions, absolute, duration, network_methods, whole};
use super::settle::{js_error, settle};
use super::source::{BindingIndex, source_methods};
use super::types::{BindingLoaded, BindingVersions};
use crate::error::Result;
use crate::source::Source;
use crate::source::git::{
    Agent, GitOptions, GitSource, Place, Repository, Selection, SshOptions, TagPatterns, default_cache_directory,
};
use crate::source::layer::Ages;
use crate::source::local::Surroundings;

/// A repository as a source.
#[napi]
pub struct BindingGitSource(Arc<GitSource>);

source_methods!(BindingGitSource);
network_methods!(BindingGitSource);

#[napi]
impl BindingGitSource {
    /// A source over a repository. `on_event` is told what happens on the network; `on_token`, where there is no fixed
    /// token, is asked for one. Neither may throw.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: &Env,
        options: BindingGitOptions,
        on_event: Function<'_, BindingEvent, ()>,
        on_token: Option<Function<'_, (), Promise<BindingToken>>>,
    ) -> napi::Result<Self> {
        let token = auth_token(options.token.as_ref(), on_token)?;
        let watch = watch(&on_event)?;
        let source = prepare().and_then(|()| {
            let repository = options.repository()?;
            GitSource::new(&options.id, repository, token, options.to_core()?, watch)
        });
        Ok(Self(Arc::new(source.map_err(|error| js_error(env, &error))?)))
    }
}

/// What a source over a repository is made with. What is absent has the core's default.
#[napi(object)]
pub struct BindingGitOptions {
    /// The source's id.
    pub id: String,
    /// Where the repository is.
    pub url: String,
    /// From where a relative path leads there.
    pub working_directory: String,
    /// The branch that is served.
    pub branch: Option<String>,
    /// The tag that is served.
    pub tag: Option<String>,
    /// The commit that is served.
    pub commit: Option<String>,
    /// The folder with the packages.
    pub directory: Option<String>,
    /// Patterns of the names of tags.
    pub tag_patterns: Option<Vec<String>>,
    /// A fixed token.
    pub token: Option<String>,
    /// How ssh logs in.
    pub ssh: BindingSshOptions,
    /// Commits of history; 0 for all of them.
    pub depth: Option<u32>,
    /// The folder that clones lie in.
    pub cache_dir: Option<String>,
    /// For a whole fetch, in milliseconds.
    pub fetch_timeout: Option<f64>,
    /// Most bytes of a clone.
    pub max_repository_bytes: Option<f64>,
    /// Largest file that is read, in bytes.
    pub max_file_bytes: Option<f64>,
    /// How the network is used.
    pub network: BindingNetworkOptions,
}

/// How ssh logs in.
#[napi(object)]
pub struct BindingSshOptions {
    /// The only key that is used.
    pub key_file: Option<String>,
    /// Whether an agent may be asked.
    pub uses_agent: Option<bool>,
    /// The agent's socket.
    pub agent_socket: Option<String>,
    /// The only file of known hosts.
    pub known_hosts_file: Option<String>,
}

impl BindingGitOptions {
    fn repository(&self) -> Result<Repository> {
        let surroundings =
            Surroundings { working_directory: self.working_directory.clone().into(), packages_dir: None };
        Ok(Repository {
            place: Place::parse(&self.url, &surroundings)?,
            selection: Selection::new(self.branch.clone(), self.tag.clone(), self.commit.as_deref())?,
            directory: self.directory.clone(),
            patterns: self.tag_patterns.as_deref().map_or_else(|| Ok(TagPatterns::default()), TagPatterns::parse)?,
        })
    }

    fn to_core(&self) -> Result<GitOptions> {
        let cache_directory = self.cache_dir.as_ref().map_or_else(default_cache_directory, |path| Ok(absolute(path)));
        let defaults = GitOptions::new(cache_directory?);
        Ok(GitOptions {
            depth: self.depth.map_or(defaults.depth, |depth| (depth > 0).then_some(depth)),
            http: self.network.http(),
            fetch_timeout: self.fetch_timeout.map_or(defaults.fetch_timeout, duration),
            ssh: self.ssh.to_core(),
            breaker: self.network.breaker(),
            max_repository_bytes: self.max_repository_bytes.map_or(defaults.max_repository_bytes, whole),
            max_file_bytes: self.max_file_bytes.map_or(defaults.max_file_bytes, whole),
            is_offline: self.network.offline.unwrap_or(defaults.is_offline),
            ..defaults
        })
    }
}

impl BindingSshOptions {
    fn to_core(&self) -> SshOptions {
        SshOptions {
            key_file: self.key_file.as_ref().map(absolute),
            agent: match (&self.agent_socket, self.uses_agent) {
                (Some(socket), _) => Agent::At(absolute(socket)),
                (None, Some(false)) => Agent::None,
                (None, _) => Agent::Own,
            },
            known_hosts_file: self.known_hosts_file.as_ref().map(absolute),
        }
    }
}
