//! What Kibana writes. Pure.

use super::{End, explained, first, kibana};

#[test]
fn a_heap_of_kibana_that_is_used_up() {
    insta::assert_snapshot!(kibana("FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory"), @r"
    its heap is too small for what it does
    FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory
    give it more with `mesh create --kibana-memory 4g`
    ");
}

#[test]
fn files_of_kibana() {
    insta::assert_snapshot!(kibana("Error: EACCES: permission denied, open '/usr/share/kibana/config/kibana.yml'"), @r"
    it may not read or write its own files
    Error: EACCES: permission denied, open '/usr/share/kibana/config/kibana.yml'
    give them back to its user with `chown -R 999:0 /mnt/data/mesh/cluster01/kibana`, and type the command again
    ");
}

#[test]
fn a_short_encryption_key() {
    insta::assert_snapshot!(kibana(" FATAL  Error: [config validation of [xpack.encryptedSavedObjects].encryptionKey]: value has length [3] but it must have a minimum length of [32]."), @r"
    an encryption key in its kibana.yml is too short
    FATAL  Error: [config validation of [xpack.encryptedSavedObjects].encryptionKey]: value has length [3] but it must have a minimum length of [32].
    `mesh create` writes that file anew; what was changed by hand in /mnt/data/mesh/cluster01/kibana/config is lost then
    ");
}

#[test]
fn a_setting_of_kibana() {
    insta::assert_snapshot!(kibana(r#" FATAL  Error: Unknown configuration key(s): "elasticsearch.url". Check for spelling errors and ensure that expected plugins are installed."#), @r#"
    its kibana.yml has a setting that this version does not take
    FATAL  Error: Unknown configuration key(s): "elasticsearch.url". Check for spelling errors and ensure that expected plugins are installed.
    `mesh create` writes that file anew; what was changed by hand in /mnt/data/mesh/cluster01/kibana/config is lost then
    "#);
}

#[test]
fn a_superuser_for_kibana() {
    insta::assert_snapshot!(kibana(r#" FATAL  Error: [config validation of [elasticsearch].username]: value of "elastic" is forbidden. This is a superuser account that cannot write to system indices that Kibana needs to function."#), @r#"
    its kibana.yml has a setting that this version does not take
    FATAL  Error: [config validation of [elasticsearch].username]: value of "elastic" is forbidden. This is a superuser account that cannot write to system indices that Kibana needs to function.
    `mesh create` writes that file anew; what was changed by hand in /mnt/data/mesh/cluster01/kibana/config is lost then
    "#);
}

#[test]
fn another_version() {
    insta::assert_snapshot!(kibana("[2025-02-10T15:21:28.109+00:00][ERROR][elasticsearch-service] This version of Kibana (v9.5.3) is incompatible with the following Elasticsearch nodes in your cluster: v8.19.21 @ 10.213.0.11:9200 (10.213.0.11)"), @r"
    Kibana and Elasticsearch have different versions
    [2025-02-10T15:21:28.109+00:00][ERROR][elasticsearch-service] This version of Kibana (v9.5.3) is incompatible with the following Elasticsearch nodes in your cluster: v8.19.21 @ 10.213.0.11:9200 (10.213.0.11)
    `mesh create` gives both the same
    ");
}

#[test]
fn a_password_of_kibana() {
    insta::assert_snapshot!(kibana("[2026-11-22T15:00:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]"), @r"
    Elasticsearch does not take Kibana's password
    [2026-11-22T15:00:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]
    `mesh create` sets it again
    ");
}

#[test]
fn a_token_of_kibana() {
    insta::assert_snapshot!(kibana("[2026-11-27T09:30:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: failed to authenticate service account [elastic/kibana] with token name [mesh]"), @r"
    Elasticsearch does not know Kibana's service token
    [2026-11-27T09:30:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: failed to authenticate service account [elastic/kibana] with token name [mesh]
    `mesh create` writes it again
    ");
}

#[test]
fn another_end_of_kibana() {
    insta::assert_snapshot!(kibana(" FATAL  Error: Unable to write to UUID file"), @r"
    Kibana cannot start with what this line says
    FATAL  Error: Unable to write to UUID file
    see all it wrote with `docker logs cluster01-kibana`; when the cause is gone, type the same command again
    ");
}

#[test]
fn a_server_that_does_not_answer() {
    insta::assert_snapshot!(kibana("[2026-11-22T15:00:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. connect ECONNREFUSED 10.213.0.11:9200"), @r"
    Kibana cannot talk to its Elasticsearch
    [2026-11-22T15:00:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. connect ECONNREFUSED 10.213.0.11:9200
    see how that is with `docker logs cluster01-elastic`; when it runs, type the same command again
    ");
}

/// Kibana goes on after these, so the end of one that wrote them at its start has another cause.
#[test]
fn what_ended_it_comes_before_what_it_lived_with() {
    let log = [
        "[2026-11-22T15:00:00.000+00:00][ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. security_exception: unable to authenticate user [kibana_system] for REST request [/_nodes?filter_path=nodes.*.version]",
        "[2026-11-22T15:00:00.000+00:00][ERROR][elasticsearch-service] This version of Kibana (v9.5.3) is incompatible with the following Elasticsearch nodes in your cluster: v8.19.21 @ 10.213.0.11:9200 (10.213.0.11)",
        " FATAL  Error: Unable to write to UUID file",
    ]
    .map(str::to_owned);
    let end = End { exit_code: Some(1), log: &log, ..End::default() };
    insta::assert_snapshot!(explained(first().kibana(), end), @r"
    Kibana cannot start with what this line says
    FATAL  Error: Unable to write to UUID file
    see all it wrote with `docker logs cluster01-kibana`; when the cause is gone, type the same command again
    ");
}
