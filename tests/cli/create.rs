//! Mistakes in what is asked of `create` and `manage`.

use std::fs;

use insta::assert_snapshot;

use crate::run;

#[test]
fn a_number_of_clusters_that_is_none() {
    for wrong in ["0", "100", "abc", "-1", "1.5", ""] {
        let printed = run(&["create", wrong]);
        assert!(printed.starts_with("exit 2\n"), "{wrong}: {printed}");
    }
    assert_snapshot!(run(&["create", "100"]), @r"
    exit 2
    error: invalid value '100' for '[CLUSTERS]': `100` is neither a number of clusters from 1 to 99 nor a set such as `5-8`

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&["manage", "restart", "0"]), @r"
    exit 2
    error: invalid value '0' for '<CLUSTERS>': `0` is not a set of clusters from 1 to 99 such as `1-3,7`

    For more information, try '--help'.
    ");
}

#[test]
fn sets_that_are_none() {
    let wrong: [&[&str]; 9] = [
        &["create", "1-"],
        &["create", "4-2"],
        &["create", "1-100"],
        &["create", "2", "--remove", "0"],
        &["create", "2", "--remove", "1", "--reset"],
        &["manage", "stop", "1;3"],
        &["manage", "stop", "1-3,7", "2"],
        &["manage", "restart", "2/9"],
        &["manage", "restart", "2/1", "2"],
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|arguments| {
            let printed = run(arguments);
            assert!(printed.starts_with("exit 2\n"), "{arguments:?}: {printed}");
            printed
                .lines()
                .filter(|line| line.starts_with("error") || line.starts_with("hint"))
                .collect::<Vec<_>>()
                .join("; ")
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    error: invalid value '1-' for '[CLUSTERS]': `1-` is not a set of clusters from 1 to 99 such as `1-3,7`
    error: invalid value '4-2' for '[CLUSTERS]': `4-2` is not a range: write `2-4`
    error: invalid value '1-100' for '[CLUSTERS]': `1-100` is not a set of clusters from 1 to 99 such as `1-3,7`
    error: invalid value '0' for '--remove <CLUSTERS>': `0` is not a set of clusters from 1 to 99 such as `1-3,7`
    error: the argument '--remove <CLUSTERS>' cannot be used with '--reset'
    error: invalid value '1;3' for '<CLUSTERS>': `1;3` is not a set of clusters from 1 to 99 such as `1-3,7`
    error: `1-3,7` is a set, and COUNT goes on from a single cluster; hint: `mesh manage stop 1-3,7` names every cluster that is meant
    error: invalid value '2/9' for '<CLUSTERS>': `2/9` is not a node such as `2/3`: a cluster from 1 to 99, and the number of a node from 1 to 8
    error: `2/1` is a node, and COUNT goes on from a single cluster; hint: `mesh manage restart 2/1` is about that node alone
    ");
}

#[test]
fn settings_that_cannot_be() {
    let wrong = [
        ["--stack-version", "8.13.4"],
        ["--stack-version", "latest"],
        ["--registry", "https://example.org"],
        ["--elastic-memory", "100m"],
        ["--kibana-memory", "lots"],
        ["--bind", "example.org"],
        ["--subnet", "8.8.8.0/24"],
        ["--share", "two words"],
        ["--topology", "ring"],
        ["--topology", "hub:0"],
        ["--san", "a/b"],
        ["--key-days", "0"],
        ["--timeout", "soon"],
        ["--passphrase-words", "2"],
        ["--passphrase-words", "21"],
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|[flag, value]| {
            let printed = run(&["create", "2", flag, value]);
            assert!(printed.starts_with("exit 2\n"), "{flag} {value}: {printed}");
            printed.lines().nth(1).unwrap_or_default().to_owned()
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    error: invalid value '8.13.4' for '--stack-version <VERSION>': 8.13.4 is too old: clusters trust each other by API key from 8.14.0 on
    error: invalid value 'latest' for '--stack-version <VERSION>': `latest` is not a version such as `9.5.3`
    error: invalid value 'https://example.org' for '--registry <HOST>': `https://example.org` is not a registry such as `docker.elastic.co` or `registry.local:5000/elastic`
    error: invalid value '100m' for '--elastic-memory <SIZE>': 100m is out of range: a container needs 512m or more
    error: invalid value 'lots' for '--kibana-memory <SIZE>': `lots` is not an amount of memory such as `2g` or `1536m`
    error: invalid value 'example.org' for '--bind <ADDRESS>': `example.org` is not an address such as `127.0.0.1`
    error: invalid value '8.8.8.0/24' for '--subnet <NETWORK>': `8.8.8.0/24` does not fit: the network has to be private, with a prefix from /16 to /24
    error: invalid value 'two words' for '--share <PATTERN>': `two words` is not a pattern of index names such as `logs-*`
    error: invalid value 'ring' for '--topology <TOPOLOGY>': `ring` is not a topology: `all`, `none`, `hub:1` or `hub:1,both`
    error: invalid value 'hub:0' for '--topology <TOPOLOGY>': `0` is not the number of a cluster from 1 to 99
    error: invalid value 'a/b' for '--san <NAME>': `a/b` is neither a DNS name nor an IP address
    error: invalid value '0' for '--key-days <DAYS>': `0` is not a number of days from 1 to 3650
    error: invalid value 'soon' for '--timeout <TIME>': `soon` is not a time such as `90s` or `10m`
    error: invalid value '2' for '--passphrase-words <COUNT>': `2` is not a number of words from 3 to 20
    error: invalid value '21' for '--passphrase-words <COUNT>': `21` is not a number of words from 3 to 20
    ");
}

#[test]
fn images_are_not_pushed_to_docker_hub_by_mistake() {
    assert_snapshot!(run(&["bundle", "load", "mesh.tar", "--to", "registry"]), @r"
    exit 2
    error: invalid value 'registry' for '--to <REGISTRY>': Docker takes `registry` for a name on Docker Hub: write it with its port, `registry:PORT`, or its full name

    For more information, try '--help'.
    ");
    for registry in ["registry:5000", "registry.local/elastic", "localhost"] {
        let printed = run(&["bundle", "load", "/nonexistent/mesh.tar", "--to", registry]);
        assert!(printed.contains("there is no file at /nonexistent/mesh.tar"), "{printed}");
    }
    // images may be here by such a name, and records have it
    assert!(run(&["config", "--registry", "registry"]).starts_with("exit 0\n"));
}

#[test]
fn a_license_that_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("license.json");
    for (text, reason) in [
        ("not json", "expected ident at line 1 column 2"),
        ("{}", "it has no `license.uid`"),
        (r#"{"license": {"uid": "x", "type": "basic", "signature": "x"}}"#, "links need an Enterprise license"),
    ] {
        fs::write(&path, text).unwrap();
        let printed = run(&["create", "2", "--license", path.to_str().unwrap()]);
        assert!(
            printed.starts_with("exit 2\n") && printed.contains(&format!("is not a usable license: {reason}")),
            "{printed}"
        );
    }
    assert_snapshot!(run(&["create", "2", "--license", "/nonexistent/license.json"]), @r"
    exit 2
    error: /nonexistent/license.json is not a usable license: there is no such file

    hint: give the JSON file that Elastic sent; without `--license`, a trial of 30 days is used
    ");
}
