//! What a user finds over each link: the searches that prove it, and what the answers say. Pure: no I/O.
//!
//! They are carried out as the user (`es-security-runas-user`) by `elastic`, so no password is needed, and they search
//! what is there: no document is written.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::mesh::{
    Mesh,
    id::ClusterId,
    pattern::{covers, overlap},
    peers::Alias,
    users::{Role, User},
};

/// The version of the form in which [`Proof`] is printed for programs.
const VERSION: u32 = 1;

/// What a user finds.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    pub version: u32,
    pub user: String,
    /// Whether nothing that her roles ask for is refused, or cannot be searched.
    pub found: bool,
    pub names: Vec<Searched>,
}

/// One name that her roles ask for, in one cluster.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Searched {
    /// The cluster that she logs in to.
    pub from: ClusterId,
    /// The cluster that is searched: that one itself, or a remote.
    pub cluster: String,
    /// A pattern of indices; none where her roles do not name the remote.
    pub name: Option<String>,
    #[serde(flatten)]
    pub outcome: SearchOutcome,
}

/// The outcome of one search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SearchOutcome {
    /// She finds indices.
    Found { shards: u64 },
    /// She may search, and there is no such index.
    Empty,
    /// Her roles say nothing of the remote.
    NotAsked,
    /// The cluster that she logs in to refuses: her roles do not give it, or she is not there.
    RefusedHere { reason: String },
    /// The remote refuses: its API key does not share it.
    RefusedThere { reason: String },
    /// The search did not come about for another reason.
    Failed { reason: String },
}

impl SearchOutcome {
    fn is_right(&self) -> bool {
        matches!(self, Self::Found { .. } | Self::Empty | Self::NotAsked)
    }
}

/// What is asked of one cluster: an expression for each name, by the cluster that it is searched in.
#[derive(Debug, PartialEq, Eq)]
pub struct Questions {
    from: ClusterId,
    /// The alias of the remote, or none for the cluster itself, with the name.
    asked: Vec<(Option<Alias>, String)>,
    /// Remotes that her roles do not name.
    unasked: Vec<Alias>,
}

impl Questions {
    /// Everything that the roles of a user ask for on the clusters that `from` can search.
    pub fn new(mesh: &Mesh, user: &User, from: ClusterId) -> Self {
        let known = mesh.roles_on(from);
        let roles: Vec<&Role> = user.roles.iter().filter_map(|role| known.get(role)).collect();
        // what a role of Elasticsearch's own gives is not known here: what is shared is tried
        let has_others = user.roles.iter().any(|role| !known.contains_key(role));
        let own = roles.iter().flat_map(|role| &role.indices).flat_map(|grant| grant.names.clone());
        let more = |from_mesh: Vec<String>| if has_others { from_mesh } else { Vec::new() };
        let here = unique(own.chain(more(mesh.shared(from))));
        let mut asked: Vec<(Option<Alias>, String)> = here.into_iter().map(|name| (None, name)).collect();
        let mut unasked = Vec::new();
        for alias in mesh.aliases(from) {
            let text = alias.to_string();
            let grants = roles.iter().flat_map(|role| &role.remote);
            let of = grants.filter(|grant| grant.clusters.iter().any(|pattern| covers(pattern, &text)));
            let shared = mesh.shared_with(from, &alias).unwrap_or_else(|| mesh.shared(from));
            let names = unique(of.flat_map(|grant| grant.names.clone()).chain(more(shared)));
            if names.is_empty() {
                unasked.push(alias.clone());
            }
            asked.extend(names.into_iter().map(|name| (Some(alias.clone()), name)));
        }
        Self { from, asked, unasked }
    }

    /// The lines of a `_msearch`; see <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-msearch>.
    /// A name that is refused is an error only where nothing that is missing is left out.
    pub fn lines(&self) -> Vec<Json> {
        let expression = |(alias, name): &(Option<Alias>, String)| match alias {
            Some(alias) => format!("{alias}:{name}"),
            None => name.clone(),
        };
        let header = |one| json!({ "index": [expression(one)], "ignore_unavailable": false, "allow_no_indices": true });
        self.asked.iter().flat_map(|one| [header(one), json!({ "size": 0 })]).collect()
    }

    /// What the answer says, or what came of every search where there is none.
    pub fn read(&self, mesh: &Mesh, answer: &Result<Json, SearchOutcome>) -> Vec<Searched> {
        let searched = |(at, (alias, name)): (usize, &(Option<Alias>, String))| {
            let outcome = match answer {
                Ok(answer) => self.outcome(mesh, alias.as_ref(), name, &answer["responses"][at]),
                Err(outcome) => outcome.clone(),
            };
            let cluster = alias.as_ref().map_or(self.from.to_string(), Alias::to_string);
            Searched { from: self.from, cluster, name: Some(name.clone()), outcome }
        };
        let unasked = self.unasked.iter().map(|alias| Searched {
            from: self.from,
            cluster: alias.to_string(),
            name: None,
            outcome: SearchOutcome::NotAsked,
        });
        self.asked.iter().enumerate().map(searched).chain(unasked).collect()
    }

    fn outcome(&self, mesh: &Mesh, alias: Option<&Alias>, name: &str, answer: &Json) -> SearchOutcome {
        let failure = match alias {
            None => answer.get("error"),
            Some(alias) => answer["_clusters"]["details"][alias.to_string()]["failures"][0]
                .get("reason")
                .or_else(|| answer.get("error")),
        };
        if let Some(failure) = failure {
            let reason = failure["reason"].as_str().unwrap_or("no reason given").to_owned();
            return match failure["type"].as_str() {
                Some("index_not_found_exception") => SearchOutcome::Empty,
                Some("security_exception") if reason.contains("authenticated by API key") => {
                    let beyond = self.beyond(mesh, alias).filter(|_| !self.is_shared(mesh, alias, name));
                    SearchOutcome::RefusedThere { reason: beyond.unwrap_or(reason) }
                }
                Some("security_exception") => SearchOutcome::RefusedHere { reason },
                _ => SearchOutcome::Failed { reason },
            };
        }
        match answer["_shards"]["total"].as_u64() {
            None => SearchOutcome::Failed { reason: "no answer".to_owned() },
            // a pattern of which nothing is shared finds nothing, and is no error for Elasticsearch
            Some(0) if !self.is_shared(mesh, alias, name) => {
                SearchOutcome::RefusedThere { reason: self.beyond(mesh, alias).unwrap_or_default() }
            }
            Some(0) => SearchOutcome::Empty,
            Some(shards) => SearchOutcome::Found { shards },
        }
    }

    fn is_shared(&self, mesh: &Mesh, alias: Option<&Alias>, name: &str) -> bool {
        let shared = alias.and_then(|alias| mesh.shared_with(self.from, alias));
        shared.is_none_or(|shared| shared.iter().any(|shared| overlap(shared, name)))
    }

    /// What a remote shares, in words; `None` for the cluster itself and for a peer's.
    fn beyond(&self, mesh: &Mesh, alias: Option<&Alias>) -> Option<String> {
        let shared = mesh.shared_with(self.from, alias?)?;
        Some(format!("its API key shares only {}", shared.join(", ")))
    }
}

impl Proof {
    pub fn new(user: String, names: Vec<Searched>) -> Self {
        Self { version: VERSION, user, found: names.iter().all(|name| name.outcome.is_right()), names }
    }
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{
        settings::{Roles, Users},
        users::RoleName,
    };

    fn mesh(roles: &str, users: &str) -> Mesh {
        let mut mesh = Mesh::example(3);
        (mesh.spec.roles, mesh.spec.users) = (Roles::parse(roles).unwrap(), Users::parse(users).unwrap());
        mesh
    }

    fn user(mesh: &Mesh) -> User {
        mesh.spec.users.0.values().next().unwrap().clone()
    }

    #[test]
    fn each_name_is_asked_for_where_the_roles_name_it() {
        let roles = "{analyst: {indices: [{names: [hr-x]}], remote: [{clusters: [cluster02], names: ['*', 'hr-*']}]}}";
        let mesh = mesh(roles, "{anna: {roles: [analyst]}}");
        let questions = Questions::new(&mesh, &user(&mesh), ClusterId::FIRST);
        let headers: Vec<String> =
            questions.lines().iter().step_by(2).map(|line| line["index"][0].to_string()).collect();
        assert_eq!(headers, ["\"hr-x\"", "\"cluster02:*\"", "\"cluster02:hr-*\""]);
        // as a real server answers, shortened
        let key = "action [indices:data/read/search] towards remote cluster is unauthorized for user [elastic] run as \
                   [anna] with assigned roles [analyst] authenticated by API key id [x] of user [elastic]";
        let answer = json!({ "responses": [
            { "error": { "type": "security_exception", "reason": "unauthorized" }, "status": 403 },
            { "_shards": { "total": 2 }, "_clusters": { "details": { "cluster02": { "status": "successful" } } } },
            { "_shards": { "total": 0 }, "_clusters": { "details": { "cluster02": { "status": "skipped", "failures": [
                { "shard": -1, "reason": { "type": "security_exception", "reason": key } },
            ] } } } },
        ] });
        let read = questions.read(&mesh, &Ok(answer));
        let outcomes: Vec<&SearchOutcome> = read.iter().map(|one| &one.outcome).collect();
        insta::assert_debug_snapshot!(outcomes, @r#"
        [
            RefusedHere {
                reason: "unauthorized",
            },
            Found {
                shards: 2,
            },
            RefusedThere {
                reason: "its API key shares only local-data-set, mesh*",
            },
            NotAsked,
        ]
        "#);
        assert!(!Proof::new("anna".to_owned(), read).found);
    }

    #[test]
    fn a_pattern_that_nothing_shared_fits_is_refused_and_one_without_an_index_is_not() {
        let mesh = mesh("{}", "{anna: {roles: [mesh_reader]}}");
        let questions = Questions::new(&mesh, &user(&mesh), ClusterId::FIRST);
        let none = json!({ "_shards": { "total": 0 } });
        let cluster02: Alias = "cluster02".parse().unwrap();
        let outcome = |name: &str| questions.outcome(&mesh, Some(&cluster02), name, &none);
        assert_eq!(outcome("mesh-none*"), SearchOutcome::Empty);
        assert!(matches!(outcome("hr-*"), SearchOutcome::RefusedThere { .. }));
        let missing = json!({ "error": { "type": "index_not_found_exception", "reason": "no such index" } });
        assert_eq!(questions.outcome(&mesh, None, "local-data-set", &missing), SearchOutcome::Empty);
        assert!(Proof::new("anna".to_owned(), Vec::new()).found);
        let by_role = |role: &str| User { roles: vec![role.parse::<RoleName>().unwrap()], on: None };
        let viewer = Questions::new(&mesh, &by_role("viewer"), ClusterId::FIRST);
        assert_eq!(viewer.asked.len(), 6, "what is shared, here and on two remotes");
    }
}
