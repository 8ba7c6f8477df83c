# A CycloneDX 1.5 document of the crates that are compiled into mesh, from `cargo metadata`.
# https://cyclonedx.org/docs/1.5/json/
def lines: split("\n") | map(select(. != "") | split(" "));
# `MIT/Apache-2.0` is how old crates write an SPDX expression.
def expression: gsub("\\s*/\\s*"; " OR ");
def purl: "pkg:cargo/\(.name)@\(.version)";

($crates | lines | map({key: join(" "), value: true}) | from_entries) as $wanted |
($checksums | lines | map({key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries) as $sums |
.resolve as $resolve |
(.packages | map(select($wanted["\(.name) \(.version)"])) | sort_by(.name, .version)) as $packages |
($packages | map({key: .id, value: purl}) | from_entries) as $refs |
def component: {
  name, version,
  "bom-ref": purl,
  purl: purl,
  licenses: [{expression: (.license | expression)}]
} + if .description then {description: (.description | gsub("\\s+"; " "))} else {} end;
{
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  version: 1,
  serialNumber: "urn:uuid:\($digest[0:8])-\($digest[8:12])-8\($digest[13:16])-8\($digest[17:20])-\($digest[20:32])",
  metadata: {
    timestamp: $when,
    component: ($packages[] | select(.id == $resolve.root) | component + {type: "application"}),
    properties: [
      {name: "mesh:commit", value: $commit},
      {name: "mesh:target", value: $triple},
      {name: "mesh:rustc", value: $rustc}
    ]
  },
  components: [
    $packages[] | select(.id != $resolve.root) |
    component + {type: "library", scope: "required", hashes: [{alg: "SHA-256", content: $sums["\(.name) \(.version)"]}]}
  ],
  dependencies: [
    $resolve.nodes[] | select($refs[.id]) |
    {ref: $refs[.id], dependsOn: ([.deps[] | select(any(.dep_kinds[]; .kind == null)) | $refs[.pkg] | values] | unique)}
  ] | sort_by(.ref)
}
