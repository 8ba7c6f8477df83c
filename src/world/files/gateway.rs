//! The files of the mesh's own gateway. I/O: disk; no decisions.

use super::{FilesError, Tree, text};
use crate::{
    facts::gateway::GatewayFiles,
    mesh::{
        gateway::own_files::{CERTIFICATE, KEY, is_own_file},
        layout,
        secret::Secret,
    },
};

pub fn gateway(tree: &Tree) -> Result<GatewayFiles, FilesError> {
    let mut files = GatewayFiles {
        present: tree.metadata(layout::GATEWAY)?.is_some(),
        authority: text(tree, layout::GATEWAY_AUTHORITY)?,
        authority_key: text(tree, layout::GATEWAY_AUTHORITY_KEY)?.map(Secret::new),
        certificate: text(tree, &layout::gateway_file(CERTIFICATE))?,
        certificate_key: text(tree, &layout::gateway_file(KEY))?.map(Secret::new),
        ..GatewayFiles::default()
    };
    for name in tree.entries(layout::GATEWAY_CONFIG)?.into_iter().filter(|name| is_own_file(name)) {
        // one that is gone again, or is no text, is not as it is to be
        let text = text(tree, &layout::gateway_file(&name)).ok().flatten().unwrap_or_default();
        files.texts.insert(name, text);
    }
    Ok(files)
}
