#!/usr/bin/env bash
# Puts /usr/share/elasticsearch together. Runs inside the JDK's root file system, where the recipe
# and the jars lie in /build:   bash /build/assemble.sh VERSION
set -euo pipefail
shopt -s nullglob

version=$1
build=/build
home=/usr/share/elasticsearch
modules=$home/modules
jdk=(/usr/lib/jvm/java-25-openjdk-*)
PATH=${jdk[0]}/bin:$PATH

main() {
  make_layout
  sort_jars_into_modules
  add_empty_saml_modules
  add_empty_module org.elasticsearch.xcore.templates x-pack-core
  compile_own_parts
  make_java_runtime
  archive_classes
}

# ---------------------------------------------------------------------- the layout of the official image

make_layout() {
  mkdir -p "$home"/{data,logs,plugins,launcher,lib,native,config/jvm.options.d}
  mkdir -p "$modules"/{transport-netty4,x-pack-core,x-pack-security,stand-in}
  cp -a "$build"/home/. "$home/"
  cp "$build"/jars/server/*.jar "$home/lib/"
  # Not below lib/, where the class archive wants jars only.
  cp -L /usr/lib/*-linux-gnu/libzstd.so.1 "$home/native/libzstd.so"
}

# A module has a class loader of its own, so each jar must lie where the module that uses it lies.
sort_jars_into_modules() {
  local jar name module
  for jar in "$build"/jars/modules/*.jar; do
    name=${jar##*/}
    [[ ! -e $home/lib/$name ]] || continue
    case $name in
      # Security extends the transport, so both hold it (as in the official image).
      netty-* | transport-netty4-*)
        cp "$jar" "$modules/transport-netty4/"
        ln "$modules/transport-netty4/$name" "$modules/x-pack-security/$name"
        ;;
      *ssl-config*)
        cp "$jar" "$modules/x-pack-core/"
        ln "$modules/x-pack-core/$name" "$modules/transport-netty4/$name"
        ;;
      # Second copies of packages that another jar has too, and annotations.
      jakarta.activation-api* | jcip-annotations-1.0-1* | listenablefuture* | jsr305* | error_prone* | checker* | j2objc*) ;;
      # What only single sign-on and the tokens of security use.
      x-pack-security-* | nimbus* | oauth2* | json-smart* | accessors* | lang-tag* | content-type* | jcip-annotations-1.0.jar | \
        xmlsec* | cryptacular* | woodstox* | stax2* | jakarta.activation-1* | jakarta.mail* | jakarta.xml.bind* | \
        guava* | failureaccess* | httpclient-cache* | metrics-core*)
        cp "$jar" "$modules/x-pack-security/"
        ;;
      *) cp "$jar" "$modules/x-pack-core/" ;;
    esac
  done
  # Each module's own jar carries its descriptor and its policy.
  for module in transport-netty4 x-pack-core x-pack-security; do
    mkdir -p "$build/descriptor/$module"
    (cd "$build/descriptor/$module" && jar --extract --file "$modules/$module/$module-$version.jar" "META-INF/es-plugins/$module")
    cp "$build/descriptor/$module/META-INF/es-plugins/$module"/* "$modules/$module/"
  done
}

# ---------------------------------------------------------------------- what is not published

# add_empty_module JAVA-MODULE INTO [CLASSES PACKAGE]
add_empty_module() {
  local name=$1 into=$2 classes=${3:-$build/empty} package=${4:-.}
  mkdir -p "$build/empty"
  printf 'Automatic-Module-Name: %s\n' "$name" >"$build/manifest"
  jar --create --file "$modules/$into/$name.jar" --manifest "$build/manifest" -C "$classes" "$package"
}

# The security module names SAML types in signatures, so they must exist, though nothing here ever
# calls them: an empty type for each one that its classes mention.
add_empty_saml_modules() {
  local type package class body name
  mkdir -p "$build/security" "$build/saml"
  (cd "$build/security" && jar --extract --file "$modules/x-pack-security/x-pack-security-$version.jar")
  grep -rhaoE '(org/opensaml|net/shibboleth)/[A-Za-z0-9_/$]+' "$build/security" | sort -u | tr / . >"$build/saml-types"
  while read -r type; do
    package=${type%.*}
    class=${type##*.}
    [[ $class =~ ^[A-Z] && $class != *'$'* ]] || continue
    body="interface $class"
    [[ $class != *Exception ]] || body="class $class extends Exception"
    mkdir -p "$build/saml/${package//.//}"
    printf 'package %s; public %s {}\n' "$package" "$body" >"$build/saml/${package//.//}/$class.java"
  done <"$build/saml-types"
  find "$build/saml" -name '*.java' >"$build/saml-sources"
  javac -nowarn -d "$build/saml-classes" "@$build/saml-sources"

  add_empty_module org.opensaml.core x-pack-security "$build/saml-classes" org
  add_empty_module net.shibboleth.utilities.java.support x-pack-security "$build/saml-classes" net
  for name in saml saml.impl security security.impl xmlsec xmlsec.impl; do
    add_empty_module "org.opensaml.$name" x-pack-security
  done
}

# The launcher and the keystore tool, and the stand-in module; java/8 and java/9 hold the one class
# whose signature differs between the two.
compile_own_parts() {
  javac -nowarn -cp "$build/jars/modules/*" -d "$build/launcher" "$build"/java/launcher/*.java
  jar --create --file "$home/launcher/launcher.jar" -C "$build/launcher" .

  javac -nowarn -cp "$build/jars/modules/*" -d "$build/stand-in" \
    "$build"/java/standin/*.java "$build/java/${version%%.*}"/*.java
  jar --create --file "$modules/stand-in/stand-in.jar" -C "$build/stand-in" .
  cat >"$modules/stand-in/plugin-descriptor.properties" <<DESCRIPTOR
name=stand-in
description=Stand-in for the modules that are not published
version=$version
elasticsearch.version=$version
java.version=21
classname=mesh.standin.StandInPlugin
DESCRIPTOR
}

# ---------------------------------------------------------------------- the JVM

# The Java modules without the tools of developers. (The server names jdk.jlink and jdk.jdi, so these
# two and what they need stay.) The archive of the JDK's own classes makes every start faster.
make_java_runtime() {
  local tools='jdk\.(javadoc|jshell|jpackage|jconsole|jstatd|editpad|hotspot\.agent|graal\..*|internal\.(ed|le))'
  local java_modules
  java_modules=$(java --list-modules | cut -d@ -f1 | grep -vxE "$tools" | paste -sd,)
  jlink --add-modules "$java_modules" --strip-java-debug-attributes --no-header-files --no-man-pages \
    --generate-cds-archive --output "$home/jdk"
  # For heaps of 32 GiB and more, and for `javac --release`.
  rm -f "$home/jdk/lib/server/classes_nocoops.jsa" "$home/jdk/lib/ct.sym"
}

# ---------------------------------------------------------------------- class archives

# Loading and checking some 20,000 classes is a third of the work of a start. The JVM can map them
# from a file instead, which it writes at the end of a run in which they were used; several nodes
# share that file's memory. The run is also the proof that this server starts and answers.
archive_classes() {
  export ES_PATH_CONF=$build/trial/config
  mkdir -p "$ES_PATH_CONF/certs" "$build"/trial/{data,logs}
  cp -a "$home"/config/. "$ES_PATH_CONF/"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$ES_PATH_CONF/certs/key.pem" -out "$ES_PATH_CONF/certs/certificate.pem"
  local tls='{enabled: true, key: certs/key.pem, certificate: certs/certificate.pem, certificate_authorities: certs/certificate.pem}'
  cat >"$ES_PATH_CONF/elasticsearch.yml" <<YAML
path: {data: $build/trial/data, logs: $build/trial/logs}
discovery.type: single-node
network.host: 127.0.0.1
# A range: the machine that builds may well run an Elasticsearch already.
http.port: 39200-39299
transport.port: 39300-39399
# Its one index is nobody's: it has a place on a disk past 90 %, too.
cluster.routing.allocation.disk.threshold_enabled: false
xpack.license.self_generated.type: trial
xpack.security:
  enabled: true
  http.ssl: $tls
  transport.ssl: $tls
YAML
  archive_keystore_tool
  archive_server
}

archive_keystore_tool() {
  local password=trial-password
  "$home/bin/elasticsearch-keystore" create
  ES_CLASS_ARCHIVE=-XX:ArchiveClassesAtExit=$home/launcher/keystore.jsa \
    "$home/bin/elasticsearch-keystore" add --stdin bootstrap.password <<<"$password"
}

archive_server() {
  local log=$build/trial/server.log server url
  ES_CLASS_ARCHIVE=-XX:ArchiveClassesAtExit=$home/launcher/server.jsa \
    ES_JAVA_OPTS="-Xms400m -Xmx400m -XX:TieredStopAtLevel=1" "$home/bin/elasticsearch" >"$log" 2>&1 &
  server=$!
  url=$(wait_for_address "$server" "$log")
  ask "$url/_cluster/health?wait_for_status=yellow&timeout=30s"
  ask "$url/"
  ask "$url/_license"
  ask "$url/_resolve/cluster/*:*"
  ask "$url/_security/user/kibana_system/_password" --json '{"password":"trial-password"}'
  ask "$url/_security/cross_cluster/api_key" --json '{"name":"trial","access":{"search":[{"names":["trial*"]}]}}'
  ask "$url/_nodes/reload_secure_settings" -X POST
  ask "$url/_cluster/settings" -X PUT --json '{"persistent":{"cluster.remote.trial":{"mode":"proxy","proxy_address":"localhost:1","skip_unavailable":true}}}'
  ask "$url/trial/_doc?refresh=true" --json '{"message":"trial"}'
  ask "$url/trial/_search" --json '{"query":{"match":{"message":"trial"}}}'
  kill "$server"
  # 143, the answer to SIGTERM, is the good end.
  wait "$server" || (($? == 143))
  [[ -s $home/launcher/server.jsa ]]
}

# The HTTP port is the one of the first range, and only the log tells which.
wait_for_address() {
  local server=$1 log=$2 port
  for ((i = 0; i < 240; i++)); do
    port=$(sed -n 's/.*publish_address {127\.0\.0\.1:\(392[0-9][0-9]\)}.*/\1/p' "$log" | head -n 1)
    if [[ -n $port ]] && ask "https://localhost:$port/_cluster/health" >&2; then
      printf 'https://localhost:%s' "$port"
      return
    fi
    kill -0 "$server" || break
    sleep 0.5
  done
  cat "$log" >&2
  return 1
}

# For a moment after its start a node answers 404 for its licence, or 503 or 401 for a user.
ask() {
  local url=$1
  shift
  curl --silent --show-error --fail-with-body --retry 30 --retry-delay 1 --retry-all-errors --max-time 60 \
    --cacert "$ES_PATH_CONF/certs/certificate.pem" --user elastic:trial-password "$@" "$url"
}

main
