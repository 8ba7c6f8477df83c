//! `mesh bundle`: an image is saved, loaded into an engine that does not have it, and pushed to a registry; what is
//! damaged, too large or interrupted leaves nothing.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use crate::{
    place::Place,
    support::{
        docker::{docker, inspect, try_docker},
        free_address, wait_for,
    },
};

/// An image of one file, as if it were of a registry.
pub const IMAGE: &str = "bundle.test/elasticsearch/tiny:1";
pub const SOON: Duration = Duration::from_secs(20);

/// It needs no engine without meshes: images alone are made and removed.
pub fn place() -> Place {
    Place { dir: tempfile::tempdir_in("/var/tmp").unwrap() }
}

pub fn make_image(dir: &Path) -> String {
    make_image_of("contents", dir)
}

/// Gives the name to an image with these contents.
pub fn make_image_of(contents: &str, dir: &Path) -> String {
    fs::write(dir.join("file"), contents).unwrap();
    let archive = dir.join("image.tar");
    assert!(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(dir).arg("file").status().unwrap().success());
    docker(&["import", "--change", "CMD [\"/file\"]", archive.to_str().unwrap(), IMAGE]);
    id()
}

fn id() -> String {
    inspect("image", IMAGE)["Id"].as_str().unwrap().to_owned()
}

pub fn is_there(image: &str) -> bool {
    try_docker(&["image", "inspect", image]).0
}

/// Both streams of a run that ends so.
pub fn printed(output: &Output, exit: i32) -> String {
    let printed = [&output.stderr[..], &output.stdout].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{printed}");
    printed
}

/// Debian's registry, on a port of loopback.
pub struct Registry {
    program: Child,
    pub host: String,
}

impl Registry {
    /// `logins` are lines of an `htpasswd` file; without them, anybody may push.
    pub fn begin(dir: &Path, logins: Option<&str>) -> Self {
        let address = free_address();
        let config = dir.join("registry.yml");
        let root = dir.join("registry");
        let auth = logins.map_or(String::new(), |logins| {
            let path = dir.join("htpasswd");
            fs::write(&path, logins).unwrap();
            format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", path.display())
        });
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n{auth}",
            root.display()
        );
        fs::write(&config, text).unwrap();
        let program = Command::new("/usr/bin/docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("should be installed: apt-get install docker-registry");
        wait_for("the registry", SOON, || std::net::TcpStream::connect(address).ok());
        Self { program, host: address.to_string() }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        try_docker(&["image", "rm", &format!("{}/elasticsearch/tiny:1", self.host)]);
        try_docker(&["image", "rm", IMAGE]);
    }
}

pub fn save(place: &Place) -> PathBuf {
    let file = place.dir.path().join("bundle.tar");
    let printed = printed(&place.mesh(&["bundle", "save", "--into", file.to_str().unwrap(), "--images", IMAGE]), 0);
    assert!(printed.contains("and 1 image, ") && printed.contains(IMAGE), "{printed}");
    file
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn the_image_of_a_gateway_is_in_the_bundle_of_its_mesh() {
    let place = place();
    make_image(place.dir.path());
    let images = ["bundle.test/elasticsearch/elasticsearch:9.5.3", "bundle.test/nginx/tiny:1"];
    for image in images {
        docker(&["tag", IMAGE, image]);
    }
    let file = place.dir.path().join("mesh.tar");
    let save = ["bundle", "save", "1", "--no-kibana", "--registry", "bundle.test", "--into", file.to_str().unwrap()];
    let gateway = ["--gateway", "127.0.0.1:8443", "--gateway-image", images[1]];
    let printed = printed(&place.mesh(&[&save[..], &gateway].concat()), 0);
    assert!(printed.contains("and 2 images, ") && images.iter().all(|image| printed.contains(image)), "{printed}");
    docker(&["image", "rm", images[0], images[1], IMAGE]);
}

/// Of the version that the mesh is to be upgraded to, which it does not have yet.
#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn the_next_version_of_a_mesh_is_in_a_bundle() {
    let place = place();
    make_image(place.dir.path());
    let image = "bundle.test/elasticsearch/elasticsearch:9.9.9";
    docker(&["tag", IMAGE, image]);
    fs::create_dir(place.mesh_dir()).unwrap();
    fs::copy("tests/fixtures/v2/whole/mesh.json", place.mesh_dir().join("mesh.json")).unwrap();
    let file = place.dir.path().join("mesh.tar");
    let save = ["bundle", "save", "--stack-version", "9.9.9", "--no-kibana", "--registry", "bundle.test"];
    let printed = printed(&place.mesh(&[&save[..], &["--into", file.to_str().unwrap()]].concat()), 0);
    assert!(printed.contains(image) && !printed.contains("9.5.3"), "{printed}");
    docker(&["image", "rm", image, IMAGE]);
}

fn load(place: &Place, file: &Path, exit: i32) -> String {
    printed(&place.mesh(&["bundle", "load", file.to_str().unwrap()]), exit)
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn an_image_comes_to_a_machine_and_to_its_registry() {
    let place = place();
    let registry = Registry::begin(place.dir.path(), None);
    let image = make_image(place.dir.path());
    let file = save(&place);

    // by tar and sha256sum alone
    let apart = place.dir.path().join("apart");
    fs::create_dir(&apart).unwrap();
    let script = "tar -xf ../bundle.tar && sha256sum --check --quiet SHA256SUMS && ./mesh --version && ls";
    let output = Command::new("sh").args(["-ec", script]).current_dir(&apart).output().unwrap();
    let listed = printed(&output, 0);
    assert!(listed.contains(concat!("mesh ", env!("CARGO_PKG_VERSION"))), "{listed}");
    assert!(listed.ends_with("SHA256SUMS\nimages\nmesh\nmesh-bundle.json\n"), "{listed}");

    docker(&["image", "rm", IMAGE]);
    let loaded = load(&place, &file, 0);
    assert!(loaded.contains("loaded 1 image; 0 were here before"), "{loaded}");
    assert_eq!(id(), image);
    let again = load(&place, &file, 0);
    assert!(again.contains("loaded 0 images; 1 were here before"), "{again}");
    docker(&["image", "rm", IMAGE]);
    let other = make_image_of("other contents", place.dir.path());
    let in_place = load(&place, &file, 0);
    assert!(in_place.contains(&format!("{IMAGE} was another image before")) && id() == image, "{in_place}");
    docker(&["image", "rm", &other]);

    let host = &registry.host;
    let pushed = printed(&place.mesh(&["bundle", "load", file.to_str().unwrap(), "--to", host]), 0);
    let name = format!("{host}/elasticsearch/tiny:1");
    assert!(pushed.contains(&name) && pushed.contains(&format!("`--registry {host}`")), "{pushed}");
    docker(&["image", "rm", &name, IMAGE]);
    docker(&["pull", &name]);
    assert_eq!(inspect("image", &name)["Id"].as_str().unwrap(), image);

    let refused = printed(&place.mesh(&["bundle", "load", file.to_str().unwrap(), "--to", "127.0.0.1:1"]), 4);
    assert!(refused.contains("connection refused") && refused.contains("`docker login 127.0.0.1:1`"), "{refused}");
    try_docker(&["image", "rm", "127.0.0.1:1/elasticsearch/tiny:1"]);
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_damaged_bundle_loads_nothing() {
    let place = place();
    make_image(place.dir.path());
    let path = save(&place);
    docker(&["image", "rm", IMAGE]);
    let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let whole = file.metadata().unwrap().len();

    // the archive of the image is before the sums and the end of the tar
    let at = whole - 3 * 1024;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    let altered = load(&place, &path, 2);
    assert!(altered.contains("altered") && altered.contains("hint: copy it again"), "{altered}");
    file.write_all_at(&byte, at).unwrap();

    let text = [&b"\"format\": 2"[..]].concat();
    let mut head = vec![0; 2048];
    file.read_exact_at(&mut head, 0).unwrap();
    let format = head.windows(text.len()).position(|window| window == b"\"format\": 1").unwrap() as u64;
    file.write_all_at(&text, format).unwrap();
    let newer = load(&place, &path, 2);
    assert!(
        newer.contains("its format is 2") && newer.contains(&format!("`tar -xf {} mesh`", path.display())),
        "{newer}"
    );
    file.write_all_at(b"\"format\": 1", format).unwrap();

    file.set_len(whole - 1).unwrap();
    let cut = load(&place, &path, 2);
    assert!(cut.contains(&format!("it is cut off: {} bytes of {whole} are there", whole - 1)), "{cut}");
    assert!(!is_there(IMAGE), "nothing should be loaded");
    file.set_len(whole).unwrap();
    load(&place, &path, 0);
    docker(&["image", "rm", IMAGE]);
}

#[test]
#[ignore = "needs root and a Docker engine: run by scripts/test"]
fn a_bundle_that_cannot_be_written_leaves_nothing() {
    let place = place();
    make_image(place.dir.path());
    let dir = place.dir.path().join("into");
    fs::create_dir(&dir).unwrap();
    let file = dir.join("bundle.tar");
    let file = file.to_str().unwrap();
    let arguments = ["bundle", "save", "--into", file, "--images", IMAGE];

    let small = format!("mount -t tmpfs -o size=1m none {}", dir.display());
    let (exit, full) = place.apart(&["--mount"], &small, &arguments);
    assert_eq!(exit, Some(2), "{full}");
    assert!(full.contains("no space left on device") && full.contains("`df`"), "{full}");

    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh"));
    let command = command.args(arguments).env("MESH_DIR", place.mesh_dir());
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the file that is being written", SOON, || dir.join(".bundle.tar.mesh-tmp").exists().then_some(()));
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let interrupted = printed(&run.wait_with_output().unwrap(), 4);
    assert!(interrupted.contains("interrupted"), "{interrupted}");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "{interrupted}");

    let missing = ["bundle", "save", "--into", file, "--images", "127.0.0.1:1/none:1"];
    let missing = printed(&place.mesh(&missing), 3);
    assert!(missing.contains("the image 127.0.0.1:1/none:1 is not here and cannot be pulled"), "{missing}");
    docker(&["image", "rm", IMAGE]);
    let output = Command::new(env!("CARGO_BIN_EXE_mesh"))
        .args(["bundle", "load", "/proc/self/exe"])
        .env("MESH_DIR", place.mesh_dir())
        .env("DOCKER_HOST", format!("unix://{}/none.sock", dir.display()))
        .output()
        .unwrap();
    let down = printed(&output, 3);
    assert!(down.contains("Docker is not running") && down.contains("hint: start it"), "{down}");
}
