//! Files that appear whole, and runs that write one at the same time.

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    sync::Barrier,
    thread,
};

use super::*;

#[test]
fn a_file_is_written_whole_and_over_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("berlin.json");
    // what an interrupted run left
    fs::write(temp.path().join(".berlin.json.mesh-tmp"), "half").unwrap();
    require_new(&path).unwrap();
    write_new(&path, b"whole").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let link = temp.path().join("link");
    symlink("/nowhere", &link).unwrap();
    for taken in [path.clone(), link] {
        assert!(matches!(write_new(&taken, b"other"), Err(NewFileError::Exists(_))));
        assert!(matches!(require_new(&taken), Err(NewFileError::Exists(_))));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2, "nothing is left beside it");
    let missing = temp.path().join("no/where");
    assert!(matches!(require_new(&missing), Err(NewFileError::Unwritable { .. })));
    assert!(require_new(temp.path()).is_err() && require_new(&path.join("below")).is_err());
    for no_file in ["dir/", "dir/.", "."] {
        assert!(require_new(&temp.path().join(no_file)).is_err(), "{no_file}");
    }
}

#[test]
fn a_second_run_leaves_the_file_to_the_first() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("b.tar");
    let mut first = NewFile::begin(&path, 0o600).unwrap();
    first.write_all(b"the fi").unwrap();
    let refused = NewFile::begin(&path, 0o600).unwrap_err();
    assert!(matches!(refused, NewFileError::InProgress(_)));
    assert_eq!(refused.exit(), Exit::Locked);
    first.write_all(b"rst").unwrap();
    first.finish().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "the first");
    let other = temp.path().join("c.tar");
    drop(NewFile::begin(&other, 0o600).unwrap());
    NewFile::begin(&other, 0o600).unwrap().finish().unwrap();
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2, "nothing is left beside them");
}

#[test]
fn of_two_runs_that_find_a_leftover_one_writes() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("b.tar");
    let barrier = Barrier::new(2);
    let run = || -> Vec<bool> {
        let round = |_| {
            if barrier.wait().is_leader() {
                fs::write(temp.path().join(".b.tar.mesh-tmp"), "half").unwrap();
            }
            barrier.wait();
            let file = NewFile::begin(&path, 0o600);
            barrier.wait();
            assert!(matches!(file, Ok(_) | Err(NewFileError::InProgress(_))), "{file:?}");
            file.is_ok()
        };
        (0..200).map(round).collect()
    };
    let (one, two) = thread::scope(|scope| {
        let (one, two) = (scope.spawn(run), scope.spawn(run));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert!(one.iter().zip(&two).all(|(one, two)| one != two));
}

#[test]
fn a_file_of_another_run_is_neither_named_nor_removed() {
    let temp = tempfile::tempdir().unwrap();
    let (path, unfinished) = (temp.path().join("b.tar"), temp.path().join(".b.tar.mesh-tmp"));
    let replaced = || {
        let file = NewFile::begin(&path, 0o600).unwrap();
        fs::remove_file(&unfinished).unwrap();
        fs::write(&unfinished, "another's").unwrap();
        file
    };
    assert!(matches!(replaced().finish(), Err(NewFileError::Unwritable { .. })));
    drop(replaced());
    assert_eq!(fs::read_to_string(&unfinished).unwrap(), "another's");
    assert!(!path.exists());
}

#[test]
fn a_hint_distinguishes_a_full_disk_and_a_small_file_system_from_a_forbidden_directory() {
    let hint = |cause: Errno| error(Path::new("b.tar"))(cause.into()).hint().unwrap();
    assert!(hint(Errno::ENOSPC).contains("`df`") && hint(Errno::EDQUOT).contains("`df`"));
    assert!(hint(Errno::EFBIG).contains("FAT takes 4 GiB"), "{}", hint(Errno::EFBIG));
    assert!(hint(Errno::EACCES).contains("that you may write in"));
}

#[test]
fn a_file_system_without_links_has_its_file_renamed_over_nothing() {
    assert!(has_no_links(&Errno::EPERM.into()) && has_no_links(&Errno::EOPNOTSUPP.into()));
    assert!(!has_no_links(&Errno::EEXIST.into()) && !has_no_links(&Errno::ENOSPC.into()));
    let temp = tempfile::tempdir().unwrap();
    let (from, to, link) = (temp.path().join("from"), temp.path().join("to"), temp.path().join("link"));
    fs::write(&from, "whole").unwrap();
    symlink("/nowhere", &link).unwrap();
    place_in_two_steps(&from, &to).unwrap();
    assert_eq!(fs::read_to_string(&to).unwrap(), "whole");
    fs::write(&from, "other").unwrap();
    for taken in [&to, &link] {
        assert_eq!(place_in_two_steps(&from, taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
    assert_eq!(fs::read_to_string(&to).unwrap(), "whole");
}
