//! The file that brings `mesh` and images to a machine that reaches no registry. Pure: no I/O.
//!
//! It is a tar, which [`layout`] determines to the byte: the manifest, the program, an archive of `docker save` for
//! each image, and the SHA-256 of all of them. Format 1 is read for ever.

mod damage;
pub mod image_name;
pub mod layout;
mod verify;

use serde::{Deserialize, Serialize};

use self::image_name::ImageName;
pub use self::{
    damage::Damage,
    verify::{Verified, Verifier},
};
use crate::mesh::settings::{MeshSpec, Registry};

/// What the manifest begins with.
const KIND: &str = "mesh-bundle";
const FORMAT: u32 = 1;
/// How the repository of Elasticsearch's image ends, below a registry with its path.
const SERVER: &str = "/elasticsearch/elasticsearch";

/// What a bundle holds. It is the first member, with the sums of all others, and its own is in [`layout::SUMS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    kind: String,
    format: u32,
    /// The version of the `mesh` in it.
    pub mesh: String,
    /// That of `mesh`, in Rust's words: `x86_64`.
    pub architecture: String,
    pub binary: Member,
    pub images: Vec<BundledImage>,
}

/// A file in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub path: String,
    pub bytes: u64,
    /// In lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledImage {
    /// The name that the engine has it by.
    pub name: ImageName,
    /// Its name below a registry: `mesh create --registry` adds the rest.
    pub below_registry: String,
    pub contents: Contents,
    /// What `docker save` writes, compressed by gzip.
    pub file: Member,
}

/// What an image is, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The digest of the image's configuration, or, where the engine keeps images in containerd, that of its manifest.
    pub id: String,
    /// The digests of its layers, uncompressed.
    pub layers: Vec<String>,
    /// As RFC 3339.
    pub created: Option<String>,
}

impl Contents {
    /// Whether this is that image. Engines of the two kinds name one image by different ids: its layers and its date
    /// are the same on both.
    pub fn is(&self, other: &Self) -> bool {
        let same_layers = !self.layers.is_empty() && self.layers == other.layers;
        self.id == other.id || (same_layers && self.created.is_some() && self.created == other.created)
    }
}

impl Member {
    /// A file of which only the path is known yet; no other has a longer text.
    fn pending(path: String) -> Self {
        Self { path, bytes: u64::MAX, sha256: "0".repeat(64) }
    }
}

impl Manifest {
    /// The manifest of a bundle of this program, before anything is known of its files.
    pub fn pending(architecture: &str, images: impl IntoIterator<Item = (ImageName, String, Contents)>) -> Self {
        let image = |(number, (name, below_registry, contents))| {
            let file = Member::pending(format!("images/{number}.tar.gz"));
            BundledImage { name, below_registry, contents, file }
        };
        Self {
            kind: KIND.to_owned(),
            format: FORMAT,
            mesh: env!("CARGO_PKG_VERSION").to_owned(),
            architecture: architecture.to_owned(),
            binary: Member::pending(layout::BINARY.to_owned()),
            images: (1..).zip(images).map(image).collect(),
        }
    }

    /// The files that it lists, in their order.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        std::iter::once(&self.binary).chain(self.images.iter().map(|image| &image.file))
    }

    /// Two images that differ, and have one name below a registry: pushed there, one would replace the other.
    pub fn of_one_name(&self) -> Option<[&BundledImage; 2]> {
        let collides = |image: &BundledImage, other: &BundledImage| {
            image.below_registry == other.below_registry && !image.contents.is(&other.contents)
        };
        self.images.iter().enumerate().find_map(|(number, image)| {
            let other = self.images.iter().skip(number + 1).find(|other| collides(image, other))?;
            Some([image, other])
        })
    }

    /// The options by which `mesh create` asks for these images and no others, as far as a new mesh would not:
    /// below a registry that they were pushed to, or where they were saved from. No version where there are several.
    pub fn options(&self, pushed_to: Option<&Registry>) -> Vec<String> {
        let server = |image: &BundledImage| {
            let (from, tag) = (image.name.repository().strip_suffix(SERVER)?, image.name.tag());
            let below = format!("/{}", image.below_registry);
            let path = below.strip_suffix(&format!("{SERVER}:{tag}"))?;
            Some((from.to_owned(), path.to_owned(), tag.to_owned()))
        };
        let servers: Vec<(String, String, String)> = self.images.iter().filter_map(server).collect();
        let (only, usual) = (servers.first().filter(|_| servers.len() == 1), MeshSpec::default());
        let from = only.map(|(from, ..)| from.clone()).filter(|from| *from != usual.registry.to_string());
        let path = servers.first().map(|(_, path, _)| path.as_str());
        let path = path.filter(|path| servers.iter().all(|(_, other, _)| other == path)).unwrap_or_default();
        let registry = pushed_to.map(|to| format!("{to}{path}")).or(from);
        let version = only.map(|(.., version)| version).filter(|version| **version != usual.stack_version.to_string());
        let registry = registry.map(|registry| format!("--registry {registry}"));
        registry.into_iter().chain(version.map(|version| format!("--stack-version {version}"))).collect()
    }

    fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("should be JSON: keys are texts")
    }

    /// The bytes to leave free for the manifest, once its files are known.
    pub fn room(&self) -> u64 {
        let longest = self.text().len() as u64 + 1;
        longest + layout::padding(longest) as u64
    }

    /// The text that fills its room: spaces at the end are JSON, too.
    pub fn filled(&self, room: u64) -> Vec<u8> {
        let mut text = self.text().into_bytes();
        text.resize(usize::try_from(room).unwrap_or(usize::MAX).max(text.len() + 1), b' ');
        if let Some(last) = text.last_mut() {
            *last = b'\n';
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_fits_its_room_whatever_its_files_turn_out_to_be() {
        let contents = Contents { id: "sha256:1".to_owned(), layers: vec!["sha256:2".to_owned()], created: None };
        let mut manifest = Manifest::pending("x86_64", [("a:1".parse().unwrap(), "a:1".to_owned(), contents)]);
        let room = manifest.room();
        manifest.binary = Member { bytes: 1, sha256: "a".repeat(64), ..manifest.binary };
        let text = manifest.filled(room);
        assert_eq!((text.len() as u64, room % 512, text.last()), (room, 0, Some(&b'\n')));
        assert_eq!(serde_json::from_slice::<Manifest>(&text).unwrap(), manifest);
    }

    #[test]
    fn a_mesh_is_created_with_the_images_of_a_bundle_by_options() {
        let options = |images: &[&str], pushed_to: Option<&str>| {
            let contents = Contents { id: "sha256:1".to_owned(), layers: Vec::new(), created: None };
            let image = |name: &&str| {
                let name: ImageName = name.parse().unwrap();
                let below = name.below(&Registry::default());
                (name, below, contents.clone())
            };
            let pushed_to: Option<Registry> = pushed_to.map(|to| to.parse().unwrap());
            Manifest::pending("x86_64", images.iter().map(image)).options(pushed_to.as_ref()).join(" ")
        };
        let elastic = "docker.elastic.co/elasticsearch/elasticsearch:9.5.3";
        assert_eq!(options(&[elastic, "docker.elastic.co/kibana/kibana:9.5.3"], None), "");
        assert_eq!(options(&[elastic], Some("vm:5000")), "--registry vm:5000");
        let mirrored = "vm:5000/elastic/elasticsearch/elasticsearch:9.4.1";
        assert_eq!(options(&[mirrored, "nginx:1"], None), "--registry vm:5000/elastic --stack-version 9.4.1");
        assert_eq!(options(&[mirrored], Some("b:1")), "--registry b:1/elastic --stack-version 9.4.1");
        let next = "vm:5000/elastic/elasticsearch/elasticsearch:9.4.2";
        assert_eq!(options(&[mirrored, next], Some("b:1/a")), "--registry b:1/a/elastic");
        assert_eq!(options(&[mirrored, elastic], Some("b:1")), "--registry b:1", "of two paths, neither is the one");
        assert_eq!(options(&[elastic, mirrored], None), "", "of two versions, neither is the one");
        assert_eq!(options(&["nginx:1"], Some("b:1")), "--registry b:1");
    }

    #[test]
    fn images_of_two_registries_that_another_would_have_by_one_name_are_found() {
        let found = |images: &[(&str, &str)]| {
            let image = |(name, id): &(&str, &str)| {
                let name: ImageName = name.parse().unwrap();
                let below = name.below(&Registry::default());
                (name, below, Contents { id: (*id).to_owned(), layers: Vec::new(), created: None })
            };
            let manifest = Manifest::pending("x86_64", images.iter().map(image));
            manifest.of_one_name().map(|images| images.map(|image| image.name.to_string()))
        };
        let [one, other, third] = ["a.example/x/kibana:9", "b.example/x/kibana:9", "b.example/x/kibana:8"];
        assert_eq!(found(&[(third, "3"), (one, "1"), (other, "2")]), Some([one.to_owned(), other.to_owned()]));
        assert_eq!(found(&[(one, "1"), (other, "1"), (third, "3")]), None, "a mirror has the same image");
    }

    #[test]
    fn an_image_is_known_by_its_id_or_by_layers_and_date() {
        let of = |id: &str, layers: &[&str], created: Option<&str>| Contents {
            id: id.to_owned(),
            layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
            created: created.map(str::to_owned),
        };
        let image = of("config", &["a", "b"], Some("2026"));
        assert!(image.is(&of("config", &[], None)));
        assert!(image.is(&of("manifest", &["a", "b"], Some("2026"))));
        for other in [
            of("manifest", &["a", "b"], Some("2027")),
            of("manifest", &["a"], Some("2026")),
            of("manifest", &["a", "b"], None),
        ] {
            assert!(!image.is(&other), "{other:?}");
        }
        assert!(!of("1", &["a"], None).is(&of("2", &["a"], None)));
        assert!(!of("1", &[], Some("2026")).is(&of("2", &[], Some("2026"))));
    }
}
