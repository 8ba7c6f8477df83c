//! The configuration files that an image brings: copied, taken over from a newer image, kept where a user changed
//! them. I/O: disk, Docker.

use std::{collections::BTreeMap, sync::Arc};

use super::{Apply, Seed, containers::refused};
use crate::{
    error::{Error, Exit},
    mesh::{Owner, digest::digest_of, id::ServiceId, layout, permissions, settings::StackVersion},
    world::{
        disk::Tree,
        files as saved,
        files::{FilesError, SeedRecord},
    },
};

impl Apply<'_> {
    /// The image's own files where they are missing or still as an older image had them.
    pub(super) async fn seed_config(&self, service: ServiceId) -> Result<(), Error> {
        let seed = self.seed(service).await?;
        let tree = self.tree()?;
        self.make_service_dirs(&tree, service)?;
        let config = Config { tree: &tree, service, owner: self.owner() };
        let recorded = saved::seed_record(&tree, service).is_some();
        let kept = config.take_over(&seed, self.mesh.version(service.cluster()))?;
        // with a record it is known, and reported, beforehand
        for path in kept.iter().filter(|_| !recorded) {
            self.console.note(&format!("{} stays: it is not as the image has it", tree.path(path).display()));
        }
        Ok(())
    }

    /// The configuration directory as the image has it, read once an image.
    async fn seed(&self, service: ServiceId) -> Result<Seed, Error> {
        let mut seeds = self.seeds.lock().await;
        let image = self.mesh.image(service);
        if let Some(seed) = seeds.get(&image) {
            return Ok(Arc::clone(seed));
        }
        let dir = layout::mounts(service.kind())[0].1;
        let files = self.world.docker.read_image_dir(self.mesh, &image, dir).await;
        let files = files.map_err(|error| refused(self.mesh, Some(service), error))?;
        let marker = layout::seed_marker(service);
        if !files.iter().any(|(name, _)| layout::config(service, name) == marker) {
            return Err(Error::new(
                Exit::Machine,
                format!("{image} is no image of {}: it lacks {marker}", service.kind().product()),
            )
            .hint("name the registry of Elastic's images, or a mirror of it: `mesh create` with `--registry HOST`"));
        }
        let seed = Arc::new(files);
        seeds.insert(image, Arc::clone(&seed));
        Ok(seed)
    }
}

/// One service's configuration directory.
struct Config<'a> {
    tree: &'a Tree,
    service: ServiceId,
    owner: Option<Owner>,
}

impl Config<'_> {
    /// Copies an image's files, and reports which stay because a user changed them. What was copied is written down
    /// last, so that a run that stops in between is done again; the file that the service does not start without, just
    /// before.
    fn take_over(&self, seed: &[(String, Vec<u8>)], version: StackVersion) -> Result<Vec<String>, FilesError> {
        let before = saved::seed_record(self.tree, self.service).map(|record| record.files).unwrap_or_default();
        let marker = layout::seed_marker(self.service);
        let mut files: Vec<_> = seed.iter().filter(|(name, _)| !self.is_ours(name)).collect();
        files.sort_by_key(|(name, _)| layout::config(self.service, name) == marker);
        let (mut copied, mut kept) = (BTreeMap::new(), Vec::new());
        for (name, contents) in files {
            let path = layout::config(self.service, name);
            let digest = digest_of(&[contents]);
            match saved::digest_of_file(self.tree, &path)? {
                Some(found) if found == digest => {}
                Some(found) if before.get(name) != Some(&found) => kept.push(path),
                _ => self.write(&path, contents)?,
            }
            copied.insert(name.clone(), digest);
        }
        // a newer image may not know what an older one brought
        for (name, digest) in before.iter().filter(|(name, _)| !copied.contains_key(*name)) {
            let path = layout::config(self.service, name);
            if saved::digest_of_file(self.tree, &path)?.as_ref() == Some(digest) {
                self.tree.remove_tree(&path)?;
            }
        }
        let record = SeedRecord { version, files: copied };
        let text = serde_json::to_string_pretty(&record).expect("should be JSON: it holds only texts");
        let path = layout::seed_record(self.service);
        self.tree.write(&path, format!("{text}\n").as_bytes(), permissions::of_file(&path).mode, None)?;
        Ok(kept)
    }

    fn write(&self, path: &str, contents: &[u8]) -> Result<(), FilesError> {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.tree.make_dir(parent, permissions::of_dir(parent).mode, self.owner)?;
        }
        Ok(self.tree.write(path, contents, permissions::of_file(path).mode, self.owner)?)
    }

    /// Whether `mesh` makes the file itself.
    fn is_ours(&self, name: &str) -> bool {
        let of_node = |node| {
            let own = [layout::keystore(node), layout::service_tokens(node)];
            own.into_iter().chain([layout::jvm_options(node), layout::seed_hosts(node)])
        };
        let path = layout::config(self.service, name);
        path == layout::settings(self.service)
            || self.service.node().is_some_and(|node| of_node(node).any(|own| own == path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{id::ClusterId, keystore::Keyring};

    fn seed(files: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_newer_image_replaces_unchanged_files() {
        let temp = tempfile::tempdir().unwrap();
        let tree = Tree::open(temp.path()).unwrap().unwrap();
        let service = ClusterId::FIRST.first_node();
        let config = Config { tree: &tree, service, owner: None };
        let text = |name: &str| saved::text(&tree, &layout::config(service, name)).unwrap();
        let put = |name: &str, text: &str| config.write(&layout::config(service, name), text.as_bytes()).unwrap();
        let old = [("jvm.options", "1"), ("log4j2.properties", "1"), ("roles.yml", "1"), ("gone", "1"), ("left", "1")];
        let new = [("jvm.options", "2"), ("log4j2.properties", "2"), ("roles.yml", "2"), ("fresh/file", "2")];
        let ours = [("elasticsearch.yml", "image's"), ("jvm.options.d/mesh.options", "image's")];
        let (older, newer) = ("8.19.21".parse().unwrap(), "9.5.3".parse().unwrap());

        put("elasticsearch.yml", "ours");
        assert_eq!(config.take_over(&seed(&[&old[..], &ours].concat()), older).unwrap(), Vec::<String>::new());
        assert_eq!((text("elasticsearch.yml").unwrap(), text("jvm.options.d/mesh.options")), ("ours".to_owned(), None));
        put("log4j2.properties", "edited");
        put("left", "edited");
        let facts = |tree: &Tree| {
            saved::cluster(tree, service.cluster(), &mut Keyring::default()).unwrap().services[&service].seed.clone()
        };
        assert_eq!(facts(&tree).unwrap().changed, ["left", "log4j2.properties"]);
        tree.remove_tree(layout::config(service, "roles.yml")).unwrap();
        assert_eq!(facts(&tree).unwrap().missing, ["roles.yml"]);
        config.take_over(&seed(&[&old[..], &ours].concat()), older).unwrap();
        assert_eq!((text("roles.yml").as_deref(), facts(&tree).unwrap().missing), (Some("1"), Vec::<String>::new()));

        let record = saved::text(&tree, &layout::seed_record(service)).unwrap().unwrap();
        for round in ["whole", "after one that stopped before it wrote down what it had copied"] {
            tree.write(layout::seed_record(service), record.as_bytes(), 0o600, None).unwrap();
            let kept = config.take_over(&seed(&new), newer).unwrap();
            assert_eq!(kept, [layout::config(service, "log4j2.properties")], "{round}");
            assert_eq!(text("jvm.options").as_deref(), Some("2"));
            assert_eq!(text("roles.yml").as_deref(), Some("2"));
            assert_eq!(text("fresh/file").as_deref(), Some("2"));
            assert_eq!(text("log4j2.properties").as_deref(), Some("edited"));
            assert_eq!((text("gone"), text("left").as_deref()), (None, Some("edited")));
            assert_eq!(facts(&tree).unwrap().version, newer);
        }
    }

    #[test]
    fn without_a_record_only_what_is_the_images_counts_as_unchanged() {
        let temp = tempfile::tempdir().unwrap();
        let tree = Tree::open(temp.path()).unwrap().unwrap();
        let service = ClusterId::FIRST.kibana();
        let config = Config { tree: &tree, service, owner: None };
        for name in ["node.options", "kibana.extra"] {
            config.write(&layout::config(service, name), b"1").unwrap();
        }
        let kept = config.take_over(&seed(&[("node.options", "1"), ("kibana.extra", "0")]), "8.19.21".parse().unwrap());
        assert_eq!(kept.unwrap(), [layout::config(service, "kibana.extra")]);
        config.take_over(&seed(&[("node.options", "2"), ("kibana.extra", "2")]), "9.5.3".parse().unwrap()).unwrap();
        assert_eq!(saved::text(&tree, &layout::config(service, "node.options")).unwrap().as_deref(), Some("2"));
        assert_eq!(saved::text(&tree, &layout::config(service, "kibana.extra")).unwrap().as_deref(), Some("1"));
    }
}
