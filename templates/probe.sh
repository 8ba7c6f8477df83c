#!/bin/sh
# Run inside a cluster's Elasticsearch container by `mesh verify`: how far does a connection to each remote get?
# Usage: probe.sh SECONDS AUTHORITIES PORT NAME…
# A NAME may be LABEL=NAME=HOST:PORT for one that is reached elsewhere; LABEL then stands for it.
# Prints a line a name: NAME EXIT |ADDRESS| WORDS, where EXIT is curl's, and WORDS are the kernel's if it could not connect. The
# remote cluster server does not speak HTTP, so curl complains of the answer when all it was asked to try has gone well.
seconds=$1 authorities=$2 port=$3
shift 3
command -v curl >/dev/null || exit 127

newline='
'
probe() {
    label=$1 name=$1 at=$1:$port
    case $1 in
    *=*=*) label=${1%%=*} at=${1##*=} name=${1#*=} name=${name%=*} ;;
    esac
    output=$newline$(curl --silent --show-error --verbose --noproxy '*' --output /dev/null --max-time "$seconds" \
        --cacert "$authorities" --connect-to "::$at" --write-out '|%{remote_ip}|' "https://$name:${at##*:}/" 2>&1)
    exit=$?
    address=${output##*"$newline|"}
    case $exit,$output in
    7,*"* connect to "*" failed: "*) words=${output##*" failed: "} ;;
    *"curl: ("*) words=${output##*"curl: ("} ;;
    *) words= ;;
    esac
    printf '%s %s |%s| %s\n' "$label" "$exit" "${address%%|*}" "${words%%[$newline|]*}"
}

count=0
for name; do
    probe "$name" &
    count=$((count + 1))
    # the container's memory is Elasticsearch's: only some at a time
    [ $((count % 8)) -ne 0 ] || wait
done
wait
