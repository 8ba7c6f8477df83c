//! Kernel settings: set now, and kept for the next start of the machine. I/O: `/proc/sys`, `/etc/sysctl.d`.

use std::path::Path;

use crate::{
    console::Console,
    error::{Error, Exit},
    judge::check::{Setting, kept},
    mesh::render::kernel_settings,
    world::{disk, kernel, words::words},
};

/// Raises `settings` below `root` (`/proc/sys`) and keeps them in `file` (of `/etc/sysctl.d`); tells of each. What root
/// types for it is `again`.
///
/// # Errors
/// Only root may. What was raised before the error stays.
pub fn raise(settings: &[Setting], root: &Path, file: &Path, again: &str, console: &Console) -> Result<(), Error> {
    let all: Vec<String> = settings.iter().map(|Setting { key, value }| format!("{key}={value}")).collect();
    for Setting { key, value } in settings {
        let before = kernel::get(root, key).map_or_else(|_| "unknown".to_owned(), |before| before.to_string());
        kernel::set(root, key, *value).map_err(|cause| {
            Error::new(Exit::Machine, format!("{key} cannot be set to {value}")).cause(words(&cause)).hint(format!(
                "only root of the machine itself may: `{again}`, or `sudo sysctl -w {}` until the next start",
                all.join(" ")
            ))
        })?;
        console.note(&format!("set {key} to {value}; it was {before}"));
    }
    let old = disk::read_outside(file)?.unwrap_or_default();
    let text = kernel_settings(&kept(&String::from_utf8_lossy(&old), settings));
    disk::replace(file, text.as_bytes()).map_err(|error| {
        Error::from(error)
            .under("the settings hold only until the machine is started again")
            .hint(format!("keep them yourself in {}: `sysctl --system` reads it", file.display()))
    })?;
    console.note(&format!("kept in {}", file.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Verbosity;

    const RAISED: Setting = Setting { key: "vm.max_map_count", value: 262_144 };

    fn text(path: &Path) -> String {
        String::from_utf8(disk::read_outside(path).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn a_setting_is_raised_and_kept_with_those_kept_before() {
        let temp = tempfile::tempdir().unwrap();
        let (root, file) = (temp.path(), temp.path().join("zz-mesh.conf"));
        disk::Tree::create(root, 0o755).unwrap().make_dir("vm", 0o755, None).unwrap();
        disk::replace(&root.join("vm/max_map_count"), b"65530\n").unwrap();
        disk::replace(&file, b"fs.inotify.max_user_instances = 1024\n").unwrap();
        raise(&[RAISED], root, &file, "", &Console::new(Verbosity::Quiet, true, None)).unwrap();
        assert_eq!(kernel::get(root, RAISED.key).unwrap(), 262_144);
        insta::assert_snapshot!(text(&file), @r"
        # Made by `mesh doctor --fix`, from templates/sysctl.conf: what a mesh of Elasticsearch clusters needs of the kernel.
        fs.inotify.max_user_instances = 1024
        vm.max_map_count = 262144
        ");
    }

    #[test]
    fn a_setting_that_cannot_be_set_is_reported_with_what_to_type() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("zz-mesh.conf");
        let console = Console::new(Verbosity::Quiet, true, None);
        let other = Setting { key: "fs.inotify.max_user_instances", value: 1024 };
        let again = "sudo mesh doctor --fix 40 --dir /home/anna/mesh";
        insta::assert_snapshot!(raise(&[RAISED, other], temp.path(), &file, again, &console).unwrap_err(), @r"
        vm.max_map_count cannot be set to 262144
          caused by: no such file or directory

        hint: only root of the machine itself may: `sudo mesh doctor --fix 40 --dir /home/anna/mesh`, or `sudo sysctl -w vm.max_map_count=262144 fs.inotify.max_user_instances=1024` until the next start
        ");
        assert_eq!(disk::read_outside(&file).unwrap(), None);
    }
}
