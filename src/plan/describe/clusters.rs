//! The descriptions of steps that are about one cluster: its license, its passwords, its data. Pure.

use super::{changes, removes};
use crate::{
    mesh::{id::ClusterId, users::RECOVERY_USER},
    plan::{Deletion, Description, Subject::Cluster},
};

pub(super) fn apply_license(cluster: ClusterId) -> Description {
    let why = "the cluster does not have the license that was given";
    changes("apply-license", Cluster(cluster), format!("license of {cluster}"), why).brings_up()
}

pub(super) fn start_trial(cluster: ClusterId) -> Description {
    let why = "the license that it has does not allow cross-cluster search by API key";
    changes("start-trial", Cluster(cluster), format!("trial license of {cluster}"), why).brings_up()
}

pub(super) fn set_passwords(cluster: ClusterId) -> Description {
    let text = format!("passwords of elastic and kibana_system on {cluster}");
    let why = "the server is not known to accept those of credentials.txt";
    changes("set-passwords", Cluster(cluster), text, why)
}

pub(super) fn reset_password(cluster: ClusterId) -> Description {
    let text = format!("password of elastic on {cluster}, by a superuser that is there for that long only");
    let why = "the server may have another password than credentials.txt";
    changes("reset-password", Cluster(cluster), text, why).brings_up()
}

pub(super) fn remove_recovery_user(cluster: ClusterId) -> Description {
    let text = format!("superuser {RECOVERY_USER} of {cluster}, left by an earlier run");
    let why = "it may do everything, and its purpose is served";
    removes("remove-recovery-user", Cluster(cluster), text, why)
}

pub(super) fn remove_files(cluster: ClusterId) -> Description {
    let text = format!("directory of {cluster} with its data");
    let why = "the mesh is to have no such cluster";
    removes("remove-files", Cluster(cluster), text, why).deletes(Deletion::Data)
}
