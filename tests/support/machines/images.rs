//! The data that an engine begins with: the test image, loaded once and kept until there is another.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{PLACES, engine::Engine, network};
use crate::support::{docker::docker, mesh::IMAGES};

/// The number of the machine that loads, which has no wire.
pub const LOADER: u8 = 0;

fn succeed(command: &mut Command) {
    let status = command.status().expect("should start");
    assert!(status.success(), "{command:?}");
}

/// A directory with an engine's data that has the image; made once, in about 15 s.
pub fn prepared() -> PathBuf {
    let image = IMAGES[0];
    let id = docker(&["image", "inspect", "--format", "{{.Id}}", image]);
    let id = id.trim().trim_start_matches("sha256:");
    let version = docker(&["version", "--format", "{{.Server.Version}}"]);
    let kept = Path::new(PLACES).join(format!("image-{:.12}-{}", id, version.trim()));
    if !kept.exists() {
        clear();
        let place = super::place(LOADER);
        fs::create_dir_all(&place).expect("should be writable");
        network::add(LOADER);
        let mut engine = Engine::start(&place, LOADER, &place.join("docker"));
        engine.await_answer();
        load(&engine, image);
        drop(engine);
        network::clear([LOADER].into_iter());
        fs::rename(place.join("docker"), &kept).expect("should be on one disk");
        fs::remove_dir_all(place).expect("should be removable");
    }
    kept
}

fn load(engine: &Engine, image: &str) {
    let mut save = Command::new("docker").args(["save", image]).stdout(Stdio::piped()).spawn().expect("should start");
    let tar = save.stdout.take().expect("should be piped");
    succeed(engine.command("docker").args(["load", "--quiet"]).stdin(tar).stdout(Stdio::null()));
    assert!(save.wait().is_ok_and(|status| status.success()), "`docker save {image}`");
}

/// An engine's data of its own. Layers of images are never written to, so their files are shared.
pub fn copy(kept: &Path, root: &Path) {
    fs::create_dir_all(root).expect("should be writable");
    for entry in fs::read_dir(kept).expect("should be readable") {
        let path = entry.expect("should be readable").path();
        let is_layers = path.ends_with("overlay2");
        let how = if is_layers { "--link" } else { "--reflink=auto" };
        succeed(Command::new("cp").args(["--archive", how]).arg(&path).arg(root));
    }
    // newer engines keep their identity here
    let _ = fs::remove_file(root.join("engine-id"));
}

/// Removes what was kept of images that are others by now.
fn clear() {
    for entry in fs::read_dir(PLACES).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("image-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
