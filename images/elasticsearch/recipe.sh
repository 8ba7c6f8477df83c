# shellcheck shell=bash
# shellcheck disable=SC2154  # $here and $work are ../build's
# The Elasticsearch image, sourced by ../build.
#
# The server, its security module, REST API and licence code are the published jars, which Maven
# fetches. What is not published is replaced by the Java files here; assemble.sh puts both together.

build_elasticsearch() {
  local version=$1
  need_command mvn maven
  local jars=$work/jars-$version

  # Maven waits for the network while debootstrap is busy with the disk.
  fetch_jars "$version" "$jars" &
  local fetching=$!
  base_root
  jdk_root
  wait "$fetching"

  # Assembled inside the JDK's root and at its final path, because the class archives that make
  # the JVM start faster remember the paths of the jars.
  local home=$work/jdk/usr/share/elasticsearch staging=$work/jdk/build
  rm -rf "$home" "$staging"
  mkdir -p "$home" "$staging"
  cp -a "$here/elasticsearch/." "$staging/"
  # The checkout may have been made with another umask.
  chmod -R u=rwX,go=rX "$staging"
  cp -a "$jars" "$staging/jars"
  say "assembling Elasticsearch $version"
  logged assemble in_root "$work/jdk" bash /build/assemble.sh "$version"

  image_root "$work/base"
  mv "$home" "$work/image/usr/share/elasticsearch"
  install -m 755 "$here/elasticsearch/docker-entrypoint.sh" "$work/image/usr/local/bin/docker-entrypoint.sh"
  chroot "$work/image" useradd --uid 1000 --gid 0 --no-create-home --home-dir /usr/share/elasticsearch elasticsearch
  # Any user id with the group 0 may write here, as in the official image.
  chown -R 1000:0 "$work/image/usr/share/elasticsearch"/{config,data,logs,plugins}
  chmod -R g=u "$work/image/usr/share/elasticsearch"/{config,data,logs,plugins}
  import_image elasticsearch "$version" "$work/image" \
    'ENTRYPOINT ["/usr/bin/tini","--","/usr/local/bin/docker-entrypoint.sh"]' \
    'CMD ["eswrapper"]' \
    'USER 1000:0' \
    'WORKDIR /usr/share/elasticsearch' \
    'EXPOSE 9200 9300' \
    'ENV ELASTIC_CONTAINER=true' \
    'ENV PATH=/usr/share/elasticsearch/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    "LABEL org.opencontainers.image.title=Elasticsearch org.opencontainers.image.version=$version"
  rm -rf "$work/image" "$staging" "$jars"
}

# $jars/server: what the server itself needs. $jars/modules: that and what the modules need.
fetch_jars() {
  local version=$1 jars=$2
  rm -rf "$jars"
  logged "maven-$version" mvn --batch-mode --no-transfer-progress -Dstyle.color=never \
    -f "$here/elasticsearch/maven/pom.xml" -Delasticsearch.version="$version" -Djars="$jars" \
    dependency:copy-dependencies
}

# The JDK that compiles, and from which assemble.sh cuts the runtime that goes into the image; and
# openssl for the certificate of the trial run there.
jdk_root() { root_with jdk openjdk-25-jdk-headless openssl; }
