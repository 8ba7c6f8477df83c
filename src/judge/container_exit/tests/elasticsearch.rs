//! What Elasticsearch and its Java write. Pure.

use super::{End, elastic, explained, first};

#[test]
fn inotify() {
    insta::assert_snapshot!(elastic(r#"{"@timestamp":"2022-09-29T02:19:51.657Z", "log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"main","log.logger":"org.elasticsearch.bootstrap.Elasticsearch","elasticsearch.node.name":"cluster01-elastic","error.type":"java.lang.IllegalStateException","error.message":"unable to launch a new watch service","error.stack_trace":"java.lang.IllegalStateException: unable to launch a new watch service\n\tat org.elasticsearch.server@9.5.3/org.elasticsearch.common.file.AbstractFileWatchingService.startWatcher(AbstractFileWatchingService.java:142)\nCaused by: java.io.IOException: User limit of inotify instances reached or too many open files\n\tat java.base/sun.nio.fs.LinuxWatchService.<init>(LinuxWatchService.java:62)"}"#), @r"
    the machine's inotify watches or instances are used up
    java.io.IOException: User limit of inotify instances reached or too many open files
    raise them with `mesh doctor --fix`, and type the command again
    ");
}

#[test]
fn a_full_disk() {
    insta::assert_snapshot!(elastic(r#"{"@timestamp":"2026-11-22T15:00:00.000Z", "log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalStateException","error.message":"failed to obtain node locks, tried [/usr/share/elasticsearch/data]; maybe these locations are not writable or multiple nodes were started on the same data path?","error.stack_trace":"java.lang.IllegalStateException: failed to obtain node locks, tried [/usr/share/elasticsearch/data]\n\tat org.elasticsearch.env.NodeEnvironment.<init>(NodeEnvironment.java:293)\nCaused by: java.io.IOException: No space left on device\n\tat java.base/sun.nio.ch.FileDispatcherImpl.write0(Native Method)"}"#), @r"
    the disk is full
    java.io.IOException: No space left on device
    free some space (`df -h /mnt/data/mesh/cluster01/elastic`), and type the command again
    ");
}

#[test]
fn threads() {
    insta::assert_snapshot!(elastic(r#"[0.114s][warning][os,thread] Failed to start thread "GC Thread#1" - pthread_create failed (EAGAIN) for attributes: stacksize: 1024k, guardsize: 4k, detached."#), @r#"
    the machine or Docker gives it no more threads
    [0.114s][warning][os,thread] Failed to start thread "GC Thread#1" - pthread_create failed (EAGAIN) for attributes: stacksize: 1024k, guardsize: 4k, detached.
    see the limits with `sysctl kernel.threads-max kernel.pid_max` and `systemctl show docker -p TasksMax`; update Docker if it is older than 20.10.10 (`docker version`)
    "#);
}

#[test]
fn open_files() {
    insta::assert_snapshot!(elastic("Caused by: java.nio.file.FileSystemException: /usr/share/elasticsearch/data/indices: Too many open files"), @r"
    it may open too few files
    java.nio.file.FileSystemException: /usr/share/elasticsearch/data/indices: Too many open files
    see how many with `mesh doctor`, which says where to raise them
    ");
}

/// What a JVM wrote where `clone3` is answered with EPERM, as Docker's rules for system calls did before 20.10.10.
#[test]
fn threads_that_an_old_engine_forbids() {
    insta::assert_snapshot!(elastic(r#"[0.016s][warning][os,thread] Failed to start thread "GC Thread#0" - pthread_create failed (EPERM) for attributes: stacksize: 1024k, guardsize: 4k, detached."#), @r#"
    Docker forbids it to start threads, as engines before 20.10.10 do
    [0.016s][warning][os,thread] Failed to start thread "GC Thread#0" - pthread_create failed (EPERM) for attributes: stacksize: 1024k, guardsize: 4k, detached.
    see which it is with `docker version`, and update it to 20.10.10 or newer
    "#);
}

#[test]
fn a_role_that_is_gone() {
    insta::assert_snapshot!(elastic("java.lang.IllegalStateException: node does not have the data role but has shard data: [/usr/share/elasticsearch/data/indices/Zw8/0]. Use 'elasticsearch-node repurpose' tool to clean up"), @r"
    it has shards, and no role that holds data any more
    java.lang.IllegalStateException: node does not have the data role but has shard data: [/usr/share/elasticsearch/data/indices/Zw8/0]. Use 'elasticsearch-node repurpose' tool to clean up
    give it a role such as `data` back in `nodes`, and type the command again; a node that left its cluster comes back empty, with other roles
    ");
}

#[test]
fn a_heap_that_is_used_up() {
    insta::assert_snapshot!(elastic("java.lang.OutOfMemoryError: Java heap space"), @r"
    its heap is too small for what it does
    java.lang.OutOfMemoryError: Java heap space
    give it more with `mesh create --elastic-memory 4g`
    ");
}

#[test]
fn a_heap_larger_than_memory() {
    insta::assert_snapshot!(elastic("# There is insufficient memory for the Java Runtime Environment to continue."), @r"
    the heap is larger than the memory it can have
    # There is insufficient memory for the Java Runtime Environment to continue.
    see what is free with `mesh doctor`; ask for less with `mesh create --elastic-memory 1g`, or for fewer clusters
    ");
}

#[test]
fn a_heap_that_cannot_be_reserved() {
    insta::assert_snapshot!(elastic("Could not reserve enough space for 2097152KB object heap"), @r"
    the heap is larger than the memory it can have
    Could not reserve enough space for 2097152KB object heap
    see what is free with `mesh doctor`; ask for less with `mesh create --elastic-memory 1g`, or for fewer clusters
    ");
}

#[test]
fn heap_sizes_that_contradict() {
    insta::assert_snapshot!(elastic("Initial heap size set to a larger value than the maximum heap size"), @r"
    the sizes of the heap contradict each other
    Initial heap size set to a larger value than the maximum heap size
    take back what was added in /mnt/data/mesh/cluster01/elastic/config/jvm.options.d; `mesh create --elastic-memory SIZE` alone sizes the heap
    ");
}

#[test]
fn a_heap_that_is_too_small() {
    insta::assert_snapshot!(elastic("Too small maximum heap"), @r"
    the sizes of the heap contradict each other
    Too small maximum heap
    take back what was added in /mnt/data/mesh/cluster01/elastic/config/jvm.options.d; `mesh create --elastic-memory SIZE` alone sizes the heap
    ");
}

#[test]
fn an_option_of_java() {
    insta::assert_snapshot!(elastic("Unrecognized VM option 'UseConcMarkSweepGC'"), @r"
    Java does not take one of its options
    Unrecognized VM option 'UseConcMarkSweepGC'
    take back what was added in /mnt/data/mesh/cluster01/elastic/config/jvm.options.d; see all it wrote with `docker logs cluster01-elastic`
    ");
}

#[test]
fn an_option_that_the_launcher_cannot_read() {
    insta::assert_snapshot!(elastic("[1]: encountered improperly formatted JVM option in [/usr/share/elasticsearch/config/jvm.options.d/mine.options] on line number [1]: [Xmx1g]"), @r"
    Java does not take one of its options
    [1]: encountered improperly formatted JVM option in [/usr/share/elasticsearch/config/jvm.options.d/mine.options] on line number [1]: [Xmx1g]
    take back what was added in /mnt/data/mesh/cluster01/elastic/config/jvm.options.d; see all it wrote with `docker logs cluster01-elastic`
    ");
}

#[test]
fn a_log_of_java_that_cannot_be_written() {
    let log = [
        "[0.003s][error][logging] Error opening log file 'logs/gc.log': Permission denied",
        "[0.003s][error][logging] Initialization of output 'file=logs/gc.log' using options 'filecount=4,filesize=8m' failed.",
        "Invalid -Xlog option '-Xlog:gc*:file=logs/gc.log', see error log for details.",
        "Error: Could not create the Java Virtual Machine.",
    ]
    .map(str::to_owned);
    insta::assert_snapshot!(explained(first().first_node(), End { log: &log, ..End::default() }), @r"
    it may not read or write its own files
    [0.003s][error][logging] Error opening log file 'logs/gc.log': Permission denied
    give them back to its user with `chown -R 999:0 /mnt/data/mesh/cluster01/elastic`, and type the command again
    ");
}

#[test]
fn max_map_count() {
    insta::assert_snapshot!(elastic("bootstrap check failure [1] of [1]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]; for more information see [https://www.elastic.co/docs/deploy-manage/deploy/self-managed/bootstrap-checks]"), @r"
    vm.max_map_count is too low on this machine
    bootstrap check failure [1] of [1]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]; for more information see [https://www.elastic.co/docs/deploy-manage/deploy/self-managed/bootstrap-checks]
    raise it with `mesh doctor --fix`, and type the command again
    ");
}

#[test]
fn another_bootstrap_check() {
    insta::assert_snapshot!(elastic("bootstrap check failure [1] of [1]: max file descriptors [4096] for elasticsearch process is too low, increase to at least [65535]"), @r"
    Elasticsearch refuses to run on a machine with these limits
    bootstrap check failure [1] of [1]: max file descriptors [4096] for elasticsearch process is too low, increase to at least [65535]
    see which are too low with `mesh doctor`
    ");
}

#[test]
fn newer_data() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalStateException","error.message":"cannot downgrade a node from version [9.5.3] to version [8.19.21]"}"#), @r"
    its data was written by a newer version of Elasticsearch
    fatal exception while booting Elasticsearch: cannot downgrade a node from version [9.5.3] to version [8.19.21]
    put back data of this version from a backup; `mesh create --reset` starts afresh, and deletes the data
    ");
}

#[test]
fn older_data() {
    insta::assert_snapshot!(elastic("java.lang.IllegalStateException: cannot upgrade a node from version [7.17.0] directly to version [9.5.3], upgrade to version [8.19.0] first."), @r"
    its data was written by a version too old for this one
    java.lang.IllegalStateException: cannot upgrade a node from version [7.17.0] directly to version [9.5.3], upgrade to version [8.19.0] first.
    upgrade it by the version that the line names; `mesh create --reset` starts afresh, and deletes the data
    ");
}

#[test]
fn a_secure_setting() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalArgumentException","error.message":"unknown secure setting [s3.client.default.acces_key] did you mean [s3.client.default.access_key]?"}"#), @r"
    its keystore has a setting that this version does not know
    fatal exception while booting Elasticsearch: unknown secure setting [s3.client.default.acces_key] did you mean [s3.client.default.access_key]?
    one of your file of secure settings (`mesh config` names it): correct the file, and type the same command again; one that was added by hand: remove it with `docker run --rm -u 999:0 -v /mnt/data/mesh/cluster01/elastic/config:/usr/share/elasticsearch/config docker.elastic.co/elasticsearch/elasticsearch:9.5.3 bin/elasticsearch-keystore remove NAME`
    ");
}

#[test]
fn a_damaged_keystore() {
    insta::assert_snapshot!(elastic(r#"Exception in thread "main" java.lang.SecurityException: Keystore has been corrupted or tampered with"#), @r#"
    its keystore cannot be read
    Exception in thread "main" java.lang.SecurityException: Keystore has been corrupted or tampered with
    remove it with `rm /mnt/data/mesh/cluster01/elastic/config/elasticsearch.keystore`; `mesh create` makes a new one, without what was added by hand
    "#);
}

#[test]
fn a_certificate() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"org.elasticsearch.ElasticsearchSecurityException","error.message":"failed to load SSL configuration [xpack.security.transport.ssl] - cannot read configured PEM certificate_authorities [/usr/share/elasticsearch/config/certs/ca.crt]"}"#), @r"
    a certificate or a key of it cannot be used
    fatal exception while booting Elasticsearch: failed to load SSL configuration [xpack.security.transport.ssl] - cannot read configured PEM certificate_authorities [/usr/share/elasticsearch/config/certs/ca.crt]
    `mesh create` issues again what is missing or broken in /mnt/data/mesh/cluster01/elastic/config/certs
    ");
}

#[test]
fn data_in_use() {
    insta::assert_snapshot!(elastic("Caused by: org.apache.lucene.store.LockObtainFailedException: Lock held by another program: /usr/share/elasticsearch/data/node.lock"), @r"
    another process uses its data
    org.apache.lucene.store.LockObtainFailedException: Lock held by another program: /usr/share/elasticsearch/data/node.lock
    see who with `docker ps` and `fuser -v /mnt/data/mesh/cluster01/elastic/data/node.lock`, and stop that
    ");
}

#[test]
fn files_of_another_user() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalStateException","error.message":"failed to obtain node locks, tried [/usr/share/elasticsearch/data]; maybe these locations are not writable or multiple nodes were started on the same data path?"}"#), @r"
    it may not read or write its own files
    fatal exception while booting Elasticsearch: failed to obtain node locks, tried [/usr/share/elasticsearch/data]; maybe these locations are not writable or multiple nodes were started on the same data path?
    give them back to its user with `chown -R 999:0 /mnt/data/mesh/cluster01/elastic`, and type the command again
    ");
}

#[test]
fn a_setting() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalArgumentException","error.message":"unknown setting [cluster.initial_master_node] please check that any required plugins are installed, or check the breaking changes documentation for removed settings"}"#), @r"
    its elasticsearch.yml has a setting that this version does not know
    fatal exception while booting Elasticsearch: unknown setting [cluster.initial_master_node] please check that any required plugins are installed, or check the breaking changes documentation for removed settings
    `mesh create` writes that file anew; what was changed by hand in /mnt/data/mesh/cluster01/elastic/config is lost then
    ");
}

#[test]
fn a_port_inside() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"org.elasticsearch.http.BindHttpException","error.message":"Failed to bind to 0.0.0.0:[9200]","error.stack_trace":"org.elasticsearch.http.BindHttpException: Failed to bind to 0.0.0.0:[9200]\n\tat org.elasticsearch.http.AbstractHttpServerTransport.bindAddress(AbstractHttpServerTransport.java:287)\nCaused by: java.net.BindException: Address already in use\n\tat java.base/sun.nio.ch.Net.bind0(Native Method)"}"#), @r"
    a port that it needs is taken
    org.elasticsearch.http.BindHttpException: Failed to bind to 0.0.0.0:[9200]
    see by whom with `mesh doctor`; stop that, or publish the mesh on another address with `mesh create --bind ADDRESS`
    ");
}

#[test]
fn another_architecture() {
    insta::assert_snapshot!(elastic("exec /bin/tini: exec format error"), @r"
    its image is made for another kind of processor
    exec /bin/tini: exec format error
    name a registry that has it for this machine, `mesh create` with `--registry HOST`; `images/build all` builds stand-ins here
    ");
}

#[test]
fn another_end_of_elasticsearch() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalArgumentException","error.message":"high disk watermark [99%] more than flood stage disk watermark [95%]"}"#), @r"
    Elasticsearch cannot start with what this line says
    fatal exception while booting Elasticsearch: high disk watermark [99%] more than flood stage disk watermark [95%]
    see all it wrote with `docker logs cluster01-elastic`; when the cause is gone, type the same command again
    ");
}

#[test]
fn an_old_processor() {
    insta::assert_snapshot!(elastic("Fatal glibc error: CPU does not support x86-64-v2"), @r"
    its image needs a newer processor than this machine has
    Fatal glibc error: CPU does not support x86-64-v2
    give the virtual machine the processor of its host (in Proxmox and QEMU: `cpu: host`), and start it again; Elasticsearch and Kibana 8.19 run on older ones
    ");
}

#[test]
fn an_old_processor_for_the_launcher() {
    insta::assert_snapshot!(elastic("The current machine does not support all of the following CPU features that are required by the image: [CX8, CMOV, FXSR, MMX, SSE, SSE2, SSE3, SSSE3, SSE4_1, SSE4_2, POPCNT, LZCNT, AVX, AVX2, BMI1, BMI2, FMA, F16C]."), @r"
    its launcher needs a newer processor than this machine has
    The current machine does not support all of the following CPU features that are required by the image: [CX8, CMOV, FXSR, MMX, SSE, SSE2, SSE3, SSSE3, SSE4_1, SSE4_2, POPCNT, LZCNT, AVX, AVX2, BMI1, BMI2, FMA, F16C].
    give the virtual machine the processor of its host (in Proxmox and QEMU: `cpu: host`), and start it again; Elasticsearch 9.4.2 and later run on older ones
    ");
}

#[test]
fn machine_learning() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"org.elasticsearch.ElasticsearchException","error.message":"Failure running machine learning native code. This could be due to running on an unsupported OS or distribution, missing OS libraries, or a problem with the temp directory. To bypass this problem by running Elasticsearch without machine learning functionality set [xpack.ml.enabled: false]."}"#), @r"
    machine learning does not run on this machine
    fatal exception while booting Elasticsearch: Failure running machine learning native code. This could be due to running on an unsupported OS or distribution, missing OS libraries, or a problem with the temp directory. To bypass this problem by running Elasticsearch without machine learning functionality set [xpack.ml.enabled: false].
    set `xpack.ml.enabled: false` in an elasticsearch.yml of your own, and name its directory with `mesh create --templates DIR`
    ");
}

#[test]
fn an_index_that_is_too_old() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalStateException","error.message":"Cannot start this node because it holds metadata for indices with version [6.5.4] with which this node of version [8.18.3] is incompatible. Revert this node to version [7.17.9] and delete any indices with versions earlier than [7.0.0] before upgrading to version [8.18.3]."}"#), @r"
    it has an index that is too old for this version of Elasticsearch
    fatal exception while booting Elasticsearch: Cannot start this node because it holds metadata for indices with version [6.5.4] with which this node of version [8.18.3] is incompatible. Revert this node to version [7.17.9] and delete any indices with versions earlier than [7.0.0] before upgrading to version [8.18.3].
    put back data of the version before from a backup, and delete or reindex that index there before an upgrade; `mesh create --reset` starts afresh, and deletes the data
    ");
}

#[test]
fn an_index_that_has_to_be_read_only() {
    insta::assert_snapshot!(elastic(r#"{"log.level":"ERROR", "message":"fatal exception while booting Elasticsearch", "error.type":"java.lang.IllegalStateException","error.message":"The index [old/KJxVZpcbQqqhQUBAAqMcZw] created in version [7.17.0] with current compatibility version [7.17.0] must be marked as read-only using the setting [index.blocks.write] set to [true] before upgrading to 9.5.3."}"#), @r"
    it has an index that is too old for this version of Elasticsearch
    fatal exception while booting Elasticsearch: The index [old/KJxVZpcbQqqhQUBAAqMcZw] created in version [7.17.0] with current compatibility version [7.17.0] must be marked as read-only using the setting [index.blocks.write] set to [true] before upgrading to 9.5.3.
    put back data of the version before from a backup, and delete or reindex that index there before an upgrade; `mesh create --reset` starts afresh, and deletes the data
    ");
}

#[test]
fn a_file_of_another_user() {
    insta::assert_snapshot!(elastic("/usr/share/elasticsearch/bin/elasticsearch-env: line 85: /usr/share/elasticsearch/config/elasticsearch.keystore: Permission denied"), @r"
    it may not read or write its own files
    /usr/share/elasticsearch/bin/elasticsearch-env: line 85: /usr/share/elasticsearch/config/elasticsearch.keystore: Permission denied
    give them back to its user with `chown -R 999:0 /mnt/data/mesh/cluster01/elastic`, and type the command again
    ");
}

/// What a server writes that goes on, or ends for something else.
#[test]
fn warnings_are_no_causes() {
    for line in [
        r#"{"log.level":"WARN", "message":"initial heap size [536870912] not equal to maximum heap size [1073741824]; this can cause resize pauses"}"#,
        "[0.001s][warning][os,container] can't open /proc/1/mountinfo: Permission denied",
        "bash: /root/.bashrc: Permission denied",
    ] {
        assert_eq!(elastic(line), "unknown", "{line}");
    }
    // with a template that has the check enforced, it is the cause
    let refused = "bootstrap check failure [1] of [1]: initial heap size [536870912] not equal to maximum heap size [1073741824]; this can cause resize pauses";
    assert!(elastic(refused).starts_with("the sizes of the heap contradict each other\n"));
}
