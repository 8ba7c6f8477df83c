//! The catalog: what a log or Docker says, what it means, and what to type. Pure.
//!
//! Elasticsearch's messages are those of its sources, the same in 8.19 and 9.x; see
//! <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/bootstrap-checks> and
//! <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-troubleshooting>.

use crate::facts::host::MemoryLimit;

/// What tells a cause (any of these texts; ` … ` stands for anything), the cause, and the remedy.
pub(super) type Entry = (&'static [&'static str], &'static str, &'static str);

pub(super) const OUT_OF_MEMORY: (&str, &str) =
    ("it needed more memory than its limit allows", "give it more with {more}");

pub(super) const KILLED: (&str, &str) = (
    "something killed it: the kernel, because the machine ran out of memory, or a `docker kill`",
    "see which with `dmesg | grep -i 'killed process'`, and whether memory is short with `mesh doctor`",
);

/// Also reported before anything is stopped.
pub(super) const FIREWALL_GONE: &str =
    "Docker's own firewall rules are gone: the firewall was flushed or reloaded after Docker was started";

const NOT_ITS_FILES: &str = "it may not read or write its own files";
const GIVE_BACK: &str = "give them back to its user with `chown -R {owner} {dir}`, and type the command again";

/// The kernel kills in whichever container it likes when the limit of a group above them is reached.
pub(super) fn out_of_memory_above(outer: &MemoryLimit) -> (String, &'static str) {
    let MemoryLimit { group, bytes, .. } = outer;
    (
        format!(
            "the control group {group} allows all containers together {} MiB of memory, and they needed more",
            bytes >> 20
        ),
        "raise the limit of that group, which is none of the mesh's; or ask for less with {less}, for fewer clusters or \
         `--no-kibana`; `mesh doctor` says what there is",
    )
}

const AGAIN: &str = "`mesh create` writes that file anew; what was changed by hand in {dir}/config is lost then";

/// The more a text tells, the earlier it stands: what is general often comes with the particular.
pub(super) const CATALOG: &[Entry] = &[
    // the C library of images that are built on UBI 9 or 10
    (
        &["Fatal glibc error: CPU does not support"],
        "its image needs a newer processor than this machine has",
        "give the virtual machine the processor of its host (in Proxmox and QEMU: `cpu: host`), and start it again; \
         Elasticsearch and Kibana 8.19 run on older ones",
    ),
    // the native launcher of 9.4.0 and 9.4.1: https://github.com/elastic/elasticsearch/issues/148326
    (
        &["The current machine does not support all of the following CPU features"],
        "its launcher needs a newer processor than this machine has",
        "give the virtual machine the processor of its host (in Proxmox and QEMU: `cpu: host`), and start it again; \
         Elasticsearch 9.4.2 and later run on older ones",
    ),
    // before a full disk: it is the same error number
    (
        &["User limit of inotify"],
        "the machine's inotify watches or instances are used up",
        "raise them with `mesh doctor --fix`, and type the command again",
    ),
    (
        &["No space left on device", "Disk quota exceeded"],
        "the disk is full",
        "free some space (`df -h {dir}`), and type the command again",
    ),
    // before the want of threads: engines before 20.10.10 refuse the system call `clone3`, by which newer C libraries
    // start them; see <https://github.com/moby/moby/pull/42836>
    (
        &["pthread_create failed (EPERM)", "pthread_create: Operation not permitted"],
        "Docker forbids it to start threads, as engines before 20.10.10 do",
        "see which it is with `docker version`, and update it to 20.10.10 or newer",
    ),
    (
        &["Too many open files"],
        "it may open too few files",
        "see how many with `mesh doctor`, which says where to raise them",
    ),
    (
        &["unable to create native thread", "pthread_create failed", "Failed to start thread", "uv_thread_create("],
        "the machine or Docker gives it no more threads",
        "see the limits with `sysctl kernel.threads-max kernel.pid_max` and `systemctl show docker -p TasksMax`; update Docker if it is older than \
         20.10.10 (`docker version`)",
    ),
    (
        &["java.lang.OutOfMemoryError", "JavaScript heap out of memory"],
        "its heap is too small for what it does",
        "give it more with {more}",
    ),
    (
        &["insufficient memory for the Java Runtime Environment", "Could not reserve enough space for"],
        "the heap is larger than the memory it can have",
        "see what is free with `mesh doctor`; ask for less with {less}, or for fewer clusters",
    ),
    (
        &[
            "Initial heap size set to a larger value",
            "Incompatible minimum and maximum heap sizes",
            "Incompatible initial and maximum heap sizes",
            "Too small maximum heap",
            "Too small initial heap",
            "Invalid maximum heap size",
            "Invalid initial heap size",
            // without a refusal it is a warning that a single-node cluster writes at every start
            "bootstrap check failure … not equal to maximum heap size [",
            "bootstrap checks failed … not equal to maximum heap size [",
        ],
        "the sizes of the heap contradict each other",
        "take back what was added in {dir}/config/jvm.options.d; {size} alone sizes the heap",
    ),
    // before the options of Java: it refuses its `-Xlog` for this
    (&["Error opening log file ' … : Permission denied"], NOT_ITS_FILES, GIVE_BACK),
    (
        &[
            "Unrecognized VM option",
            "Unrecognized option:",
            "encountered improperly formatted JVM option in [",
            "Could not create the Java Virtual Machine",
        ],
        "Java does not take one of its options",
        "take back what was added in {dir}/config/jvm.options.d; see all it wrote with `docker logs {service}`",
    ),
    // without a refusal it is a warning that every single-node cluster writes
    (
        &["bootstrap check failure … max_map_count", "bootstrap checks failed … max_map_count"],
        "vm.max_map_count is too low on this machine",
        "raise it with `mesh doctor --fix`, and type the command again",
    ),
    (
        &["bootstrap check failure [", "bootstrap checks failed"],
        "Elasticsearch refuses to run on a machine with these limits",
        "see which are too low with `mesh doctor`",
    ),
    (
        &["No chain/target/match by that name", "Couldn't load target `DOCKER", "Chain 'DOCKER … does not exist"],
        FIREWALL_GONE,
        "`systemctl restart docker` sets them again (where there is no systemd, end dockerd and start it), and containers come back \
         by themselves; then type the command again",
    ),
    (
        &["iptables failed", "ip6tables failed", "Failed to Setup IP tables"],
        "Docker cannot set its firewall rules",
        "see what keeps it with `journalctl -u docker` and `iptables -S`; when the cause is gone, type the same command again",
    ),
    (
        &["error setting rlimit"],
        "Docker may not set a limit of processes that something asks for on this machine",
        "`mesh` asks for none: take `default-ulimits` out of /etc/docker/daemon.json, and restart Docker",
    ),
    (
        &["cannot downgrade a node from version ["],
        "its data was written by a newer version of Elasticsearch",
        "put back data of this version from a backup; `mesh create --reset` starts afresh, and deletes the data",
    ),
    (
        &["cannot upgrade a node from version ["],
        "its data was written by a version too old for this one",
        "upgrade it by the version that the line names; `mesh create --reset` starts afresh, and deletes the data",
    ),
    (
        &[
            "holds metadata for indices with version [",
            "must be marked as read-only using the setting [index.blocks.write]",
            "incompatible indices created with version [",
        ],
        "it has an index that is too old for this version of Elasticsearch",
        "put back data of the version before from a backup, and delete or reindex that index there before an upgrade; \
         `mesh create --reset` starts afresh, and deletes the data",
    ),
    (
        &["does not have the data role but has shard data", "does not have the data and master roles but has index"],
        "it has shards, and no role that holds data any more",
        "give it a role such as `data` back in `nodes`, and type the command again; a node that left its cluster comes \
         back empty, with other roles",
    ),
    (
        &["unknown secure setting ["],
        "its keystore has a setting that this version does not know",
        "one of your file of secure settings (`mesh config` names it): correct the file, and type the same command again; one that was added \
         by hand: remove it with `docker run --rm -u {owner} -v {dir}/config:/usr/share/elasticsearch/config {image} bin/elasticsearch-keystore remove NAME`",
    ),
    (
        &[
            "Keystore has been corrupted or tampered with",
            "Provided keystore password was incorrect",
            "CorruptIndexException … elasticsearch.keystore",
            "elasticsearch.keystore … checksum failed",
        ],
        "its keystore cannot be read",
        "remove it with `rm {dir}/config/elasticsearch.keystore`; `mesh create` makes a new one, without what was added by hand",
    ),
    // `FileServiceAccountTokenStore` reads all of the file or nothing
    (
        &["Missing ':' character at line #"],
        "its file of service tokens has a line that is none",
        "`mesh create` takes it out of {dir}/config/service_tokens; where Kibana logs in with a password, do that by hand",
    ),
    (
        &["failed to load SSL configuration [", "invalid SSL configuration for ", "cannot read configured PEM"],
        "a certificate or a key of it cannot be used",
        "`mesh create` issues again what is missing or broken in {dir}/config/certs",
    ),
    (
        &["Lock held by another program", "Lock held by this virtual machine"],
        "another process uses its data",
        "see who with `docker ps` and `fuser -v {dir}/data/node.lock`, and stop that",
    ),
    // before what it may not read: the controller of machine learning may be what cannot be run
    (
        &["Failure running machine learning native code"],
        "machine learning does not run on this machine",
        "set `xpack.ml.enabled: false` in an elasticsearch.yml of your own, and name its directory with `mesh create --templates DIR`",
    ),
    (
        &[
            "AccessDeniedException",
            "failed to obtain node locks",
            "Failed to create node environment",
            "EACCES: permission denied",
            "/usr/share/ … : Permission denied",
        ],
        NOT_ITS_FILES,
        GIVE_BACK,
    ),
    (&["unknown setting ["], "its elasticsearch.yml has a setting that this version does not know", AGAIN),
    (&["encryptionKey]: value has length"], "an encryption key in its kibana.yml is too short", AGAIN),
    (
        &["[config validation of [", "Unknown configuration key(s)"],
        "its kibana.yml has a setting that this version does not take",
        AGAIN,
    ),
    (
        &[
            "BindException",
            "BindHttpException",
            "EADDRINUSE",
            "bind: address already in use",
            "port is already allocated",
        ],
        "a port that it needs is taken",
        "see by whom with `mesh doctor`; stop that, or publish the mesh on another address with `mesh create --bind ADDRESS`",
    ),
    // at boot, before the network gives the machine its address: <https://github.com/moby/moby/issues/39559>
    (
        &["bind: cannot assign requested address", "tcp: cannot assign requested address"],
        "this machine had no such address when Docker started it, and Docker does not try again",
        "when `ip address` shows it, `mesh manage start {cluster}`; `sysctl -w net.ipv4.ip_nonlocal_bind=1`, kept in /etc/sysctl.d, lets \
         Docker start it before; another address: `mesh create --advertise ADDRESS`, or `--bind ADDRESS`",
    ),
    // Docker's words for an address in a network, unlike those for a port
    (
        &["Address already in use"],
        "another container has its address in the mesh's network",
        "see which with `docker network inspect {network}`, and remove that",
    ),
    (&["bind source path does not exist"], "a directory that it mounts is gone", "`mesh create` makes it again"),
    (
        &["exec format error"],
        "its image is made for another kind of processor",
        "name a registry that has it for this machine, `mesh create` with `--registry HOST`; `images/build all` \
         builds stand-ins here",
    ),
    (
        &[" FATAL "],
        "Kibana cannot start with what this line says",
        "see all it wrote with `docker logs {service}`; when the cause is gone, type the same command again",
    ),
    (
        &["fatal exception while booting Elasticsearch"],
        "Elasticsearch cannot start with what this line says",
        "see all it wrote with `docker logs {service}`; when the cause is gone, type the same command again",
    ),
    // these do not end a Kibana, so what did comes before them
    (
        &["This version of Kibana … is incompatible with"],
        "Kibana and Elasticsearch have different versions",
        "`mesh create` gives both the same",
    ),
    (
        &["unable to authenticate user [kibana_system]"],
        "Elasticsearch does not take Kibana's password",
        "`mesh create` sets it again",
    ),
    (
        &["failed to authenticate service account [elastic/kibana]"],
        "Elasticsearch does not know Kibana's service token",
        "`mesh create` writes it again",
    ),
    (
        &["Unable to retrieve version information from Elasticsearch"],
        "Kibana cannot talk to its Elasticsearch",
        "see how that is with `docker logs {server}`; when it runs, type the same command again",
    ),
];
