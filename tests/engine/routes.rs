//! Machines with other routes: `mesh` runs in a network of its own, which has them, and the engine outside answers it
//! by its socket. Nothing is made: `--dry-run` tells the network that would be.

use std::process::{Command, Output};

use serde_json::Value;

use crate::place::Place;

/// An interface with a network, as a VPN makes one, and one with the engine's own address, by which a machine is known
/// as its.
const LINKS: &str = "ip link set lo up; ip link add tun9 type bridge; ip addr add 10.8.0.6/24 dev tun9; ip link set tun9 up; \
                     ip link add docker9 type bridge; ip addr add $BRIDGE dev docker9; ip link set docker9 up";

impl Place {
    /// `mesh create 1 --dry-run` on a machine that has these routes besides.
    fn dry_run(&self, routes: &str, arguments: &[&str]) -> Output {
        let script = format!("set -e; {LINKS}; {routes}; exec \"$@\"");
        // an engine that was started for the first time does not list the address
        let shown = Command::new("ip").args(["-4", "-brief", "address", "show", "docker0"]).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let bridge = shown.split_whitespace().nth(2).expect("the engine's bridge should have an address");
        let create = ["create", "1", "--dry-run", "--force", "--no-kibana", "--no-hosts", "-o", "json"];
        Command::new("unshare")
            .args(["--net", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_mesh")])
            .args(create)
            .args(arguments)
            .env("MESH_DIR", self.mesh_dir())
            .env("BRIDGE", bridge)
            .output()
            .unwrap()
    }

    /// The network that would be made.
    fn subnet(&self, routes: &str, arguments: &[&str]) -> String {
        let output = self.dry_run(routes, arguments);
        let plan: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{routes}: {}", String::from_utf8_lossy(&output.stderr)));
        plan["mesh"]["subnet"].as_str().unwrap().to_owned()
    }

    /// The error for a network that cannot be created; the hint's command is tried with these routes.
    fn refusal(&self, routes: &str, subnet: &str) -> String {
        let output = self.dry_run(routes, &["--subnet", subnet]);
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{routes}: {printed}");
        let quoted: Vec<&str> = printed.rsplit("hint: ").next().unwrap().split('`').skip(1).step_by(2).collect();
        let rules: Vec<&str> = quoted.iter().copied().filter(|command| command.starts_with("ip ")).collect();
        let named = quoted
            .iter()
            .find_map(|command| command.trim_start_matches("mesh create ").strip_prefix("--subnet ")?.split(' ').next())
            .unwrap_or(subnet);
        let mended = [&[routes], &rules[..]].concat().join("; ");
        assert_eq!(self.subnet(&mended, &["--subnet", named]), named, "the hint should pass: {printed}");
        printed
    }
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_vpn_that_takes_everything_leaves_room() {
    let place = Place::new();
    let everything = "ip route add 0.0.0.0/1 dev tun9; ip route add 128.0.0.0/1 dev tun9";
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    let routed = |kind: &str, rest: &str| private.map(|net| format!("ip route add {kind} {net} {rest}")).join("; ");
    for routes in [everything, &routed("", "dev tun9"), &routed("unreachable", "metric 999"), &routed("blackhole", "")]
    {
        assert_eq!(place.subnet(routes, &[]), "10.213.0.0/24", "{routes}");
        for asked in ["10.99.0.0/24", "172.30.7.0/24", "192.168.77.0/24"] {
            assert_eq!(place.subnet(routes, &["--subnet", asked]), asked, "{routes}");
        }
    }
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn routes_that_the_user_may_need_are_avoided() {
    let place = Place::new();
    for kind in ["", "unreachable "] {
        let dev = if kind.is_empty() { "dev tun9" } else { "" };
        let routes = format!("ip route add {kind}10.213.0.0/16 {dev}; ip route add {kind}10.214.0.0/15 {dev}");
        assert_eq!(place.subnet(&routes, &[]), "10.216.0.0/24");
        assert_eq!(place.subnet(&routes, &["--subnet", "10.213.0.0/24"]), "10.213.0.0/24", "wider is no overlap");
    }
    let printed = place.refusal("true", "10.8.0.0/16");
    assert!(printed.contains("10.8.0.0/24, which this machine has an interface in"), "{printed}");
    let printed = place.refusal("ip route add 10.213.0.128/25 dev tun9", "10.213.0.0/24");
    assert!(printed.contains("10.213.0.128/25, which this machine has a route to by tun9"), "{printed}");
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn routes_of_other_tables_count() {
    let place = Place::new();
    let routes = "ip route add 10.213.0.0/16 dev tun9 table 52; ip rule add pref 5270 lookup 52";
    assert_eq!(place.subnet(routes, &[]), "10.214.0.0/24");
    let printed = place.refusal(routes, "10.213.7.0/24");
    assert!(printed.contains("would leave by tun9") && printed.contains("table 52"), "{printed}");
    let printed =
        place.refusal("ip route add unreachable 10.0.0.0/8 table 52; ip rule add pref 5270 lookup 52", "10.9.0.0/24");
    assert!(printed.contains("would be refused") && printed.contains("table 52"), "{printed}");

    // as `wg-quick` sets it: the main table comes first, but for its default route
    let wireguard = "ip route add default dev tun9 table 51820; ip rule add not fwmark 51820 table 51820; \
                     ip rule add table main suppress_prefixlength 0";
    assert_eq!(place.subnet(wireguard, &[]), "10.213.0.0/24");

    // an exit node takes local networks, too, and no other network would help; `--force` goes on
    let exit = "ip route add default dev tun9 table 52; ip rule add pref 5270 lookup 52";
    assert_eq!(place.subnet(exit, &[]), "10.213.0.0/24");

    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    let all = private.map(|net| format!("ip route add {net} dev tun9 table 52")).join("; ");
    let all = format!("{all}; ip rule add pref 5270 lookup 52");
    let output = place.dry_run(&all, &[]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed.contains("no private network is left") && printed.contains("ip rule add pref 100"), "{printed}");
    assert_eq!(
        place.subnet(
            &format!("{all}; ip rule add pref 100 to 10.213.0.0/24 lookup main"),
            &["--subnet", "10.213.0.0/24"]
        ),
        "10.213.0.0/24"
    );
}
