//! A bundle that is loaded where that cannot go on: Ctrl-C, an engine without room, another architecture, a registry
//! that wants a login.

use std::{
    env::consts::ARCH,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    bundle::{IMAGE, Registry, SOON, is_there, make_image, make_image_of, place, printed, save},
    place::Place,
    support::{
        docker::{docker, inspect},
        wait_for,
    },
};

/// `user` with the password `secret`, as `htpasswd -B` writes it.
const LOGIN: &str = "user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
/// `printf user:secret | base64`
const AUTH: &str = "dXNlcjpzZWNyZXQ=";
/// Zeros in its image, which take seconds to load and no room in a bundle.
const ZEROS: u64 = 256 << 20;

/// A bundle of a large image, which the engine has no more.
fn large(place: &Place) -> PathBuf {
    let dir = place.dir.path();
    fs::File::create(dir.join("file")).unwrap().set_len(ZEROS).unwrap();
    let archive = dir.join("image.tar");
    assert!(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(dir).arg("file").status().unwrap().success());
    docker(&["import", archive.to_str().unwrap(), IMAGE]);
    fs::remove_file(archive).unwrap();
    let file = save(place);
    docker(&["image", "rm", IMAGE]);
    file
}

fn load(place: &Place, file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    command.args(["bundle", "load", file.to_str().unwrap()]).env("MESH_DIR", place.mesh_dir());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn an_interrupted_load_leaves_no_image_and_is_completed_by_the_same_command() {
    let place = place();
    let file = large(&place);
    let mut run = load(&place, &file).spawn().unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let verified = lines.by_ref().map(Result::unwrap).any(|line| line.contains("✓ verify the file"));
    assert!(verified, "{}", printed(&run.wait_with_output().unwrap(), 0));
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    printed(&run.wait_with_output().unwrap(), 4);
    assert!(rest.iter().any(|line| line.contains("interrupted")), "{rest:?}");
    assert!(!is_there(IMAGE), "an image that is not whole should have no name");

    let again = printed(&load(&place, &file).output().unwrap(), 0);
    assert!(again.contains("loaded 1 image"), "{again}");
    docker(&["image", "rm", IMAGE]);
}

/// A second engine of this machine, with less room than the image needs. It ends with this process. In the network of
/// the first one, it would remove `docker0`: that is what `--bridge none` does.
struct SmallEngine {
    first: Child,
    socket: PathBuf,
}

impl SmallEngine {
    fn begin(dir: &Path) -> Self {
        let socket = dir.join("docker.sock");
        let script = "cd \"$1\"; mkdir data; mount -t tmpfs -o size=64m none data\n\
                      dockerd --host \"unix://$1/docker.sock\" --data-root \"$1/data\" --exec-root \"$1/run\" \\\n\
                      --pidfile \"$1/pid\" --bridge none --iptables=false --storage-driver vfs &\ncat";
        let first = Command::new("unshare")
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec", script, "sh"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("dockerd.log")).unwrap())
            .spawn()
            .unwrap();
        let engine = Self { first, socket };
        wait_for("the small engine", SOON, || {
            let version = Command::new("docker").args(["--host", &engine.host(), "version"]).output().unwrap();
            version.status.success().then_some(())
        });
        engine
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }
}

impl Drop for SmallEngine {
    fn drop(&mut self) {
        // its first process ends with this, and all others with that
        drop(self.first.stdin.take());
        let _ = self.first.wait();
    }
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn an_engine_without_room_says_so_and_has_no_image() {
    let place = place();
    let file = large(&place);
    let dir = place.dir.path().join("engine");
    fs::create_dir(&dir).unwrap();
    let engine = SmallEngine::begin(&dir);
    let full = printed(&load(&place, &file).env("DOCKER_HOST", engine.host()).output().unwrap(), 4);
    assert!(full.contains(&format!("Docker could not load {IMAGE}")), "{full}");
    assert!(full.contains("no space left on device") && full.contains("`docker system df`"), "{full}");
    let images = Command::new("docker").args(["--host", &engine.host(), "images", "-q"]).output().unwrap();
    assert_eq!(printed(&images, 0), "");
}

fn sha256sum(bytes: &[u8]) -> String {
    let mut run = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    run.stdin.take().unwrap().write_all(bytes).unwrap();
    printed(&run.wait_with_output().unwrap(), 0)[..64].to_owned()
}

/// The name of an architecture that no machine has, as long as that of this one.
fn another_architecture() -> String {
    "z".repeat(ARCH.len())
}

/// Makes a bundle one that was saved on a machine of another architecture, and right in every byte.
fn as_of_another_machine(path: &Path) {
    let manifest = Command::new("tar").arg("-xOf").arg(path).arg("mesh-bundle.json").output().unwrap();
    let ours = printed(&manifest, 0);
    let theirs = ours.replace(
        &format!("\"architecture\": \"{ARCH}\""),
        &format!("\"architecture\": \"{}\"", another_architecture()),
    );
    assert_ne!(ours, theirs);
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    // the manifest follows the header of the first member, and the sums are before the end of the tar
    file.write_all_at(theirs.as_bytes(), 512).unwrap();
    let tail = file.metadata().unwrap().len() - 2048;
    let mut sums = [0; 1024];
    file.read_exact_at(&mut sums, tail).unwrap();
    let sum = sha256sum(ours.as_bytes());
    let at = sums.windows(sum.len()).position(|window| window == sum.as_bytes()).unwrap() as u64;
    file.write_all_at(sha256sum(theirs.as_bytes()).as_bytes(), tail + at).unwrap();
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_bundle_for_another_architecture_is_only_passed_on() {
    let place = place();
    let registry = Registry::begin(place.dir.path(), None);
    make_image(place.dir.path());
    let file = save(&place);
    as_of_another_machine(&file);
    docker(&["image", "rm", IMAGE]);

    let refused = printed(&load(&place, &file).output().unwrap(), 2);
    assert!(refused.contains(&format!("for {}, and this machine is {ARCH}", another_architecture())), "{refused}");
    assert!(!is_there(IMAGE), "an image that does not run here should not be loaded");

    let push = || load(&place, &file).args(["--to", &registry.host]).output().unwrap();
    let pushed = printed(&push(), 0);
    assert!(pushed.contains(&format!("{}/elasticsearch/tiny:1", registry.host)), "{pushed}");

    docker(&["image", "rm", IMAGE]);
    let other = make_image_of("other contents", place.dir.path());
    let refused = printed(&push(), 2);
    assert!(refused.contains(&format!("{IMAGE} is another image here")), "{refused}");
    assert!(refused.contains(&format!("`docker image rm {IMAGE}`")), "{refused}");
    assert_eq!(
        inspect("image", IMAGE)["Id"].as_str(),
        Some(other.as_str()),
        "the image that is here should keep its name"
    );
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_registry_that_wants_a_login_gets_that_of_the_user() {
    let place = place();
    let dir = place.dir.path();
    let registry = Registry::begin(dir, Some(LOGIN));
    let host = &registry.host;
    make_image(dir);
    let file = save(&place);
    let config = dir.join("config.json");
    let push = |auth: &str, exit: i32| {
        fs::write(&config, auth).unwrap();
        printed(&load(&place, &file).args(["--to", host]).env("DOCKER_CONFIG", dir).output().unwrap(), exit)
    };
    let anonymous = push("{}", 4);
    assert!(
        anonymous.contains("no basic auth credentials") && anonymous.contains(&format!("`docker login {host}`")),
        "{anonymous}"
    );
    let wrong = push(&format!(r#"{{"auths": {{"{host}": {{"auth": "dXNlcjp4"}}}}}}"#), 4);
    assert!(wrong.contains(&format!("`docker login {host}`")), "{wrong}");
    let pushed = push(&format!(r#"{{"auths": {{"{host}": {{"auth": "{AUTH}"}}}}}}"#), 0);
    assert!(pushed.contains(&format!("{host}/elasticsearch/tiny:1")), "{pushed}");
    for printed in [anonymous, wrong, pushed] {
        assert!(!printed.contains("secret") && !printed.contains(AUTH), "{printed}");
    }
}
