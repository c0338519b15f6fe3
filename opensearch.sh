#!/bin/sh
# A real OpenSearch on this machine: one node or three, on 127.0.0.1, without TLS or users.
#
#   opensearch.sh start [1|3]   start so many nodes (1) and wait for the cluster; prints its URL
#   opensearch.sh stop          end them; what they hold stays
#   opensearch.sh wipe          end them, and remove what they hold
#   opensearch.sh kill N        end node N at once, as a fault does
#   opensearch.sh revive N      start it again
#   opensearch.sh status        its nodes
#
# A container engine runs it where there is one; else it is fetched once as its makers publish it
# (Maven Central, 60 MB) and needs mvn, unzip and a JDK of 21 or newer.
# Environment: OPENSEARCH_PORT (9200, the next ones for the others), OPENSEARCH_TRANSPORT_PORT (9300),
# OPENSEARCH_HEAP (1g), OPENSEARCH_HOME (where it runs), OPENSEARCH_ENGINE (docker, podman or none).
set -eu
cd "$(dirname "$0")"

version=3.8.0
port=${OPENSEARCH_PORT:-9200}
transport=${OPENSEARCH_TRANSPORT_PORT:-9300}
heap=${OPENSEARCH_HEAP:-1g}
say() { printf '%s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# OpenSearch does not run as root: it then runs as nobody, who has to be able to enter its home.
if [ "$(id -u)" = 0 ]; then
    as="setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent"
    root=/var/tmp/herkomst-opensearch
else
    as=env
    root="$PWD/.home/opensearch"
fi
home=${OPENSEARCH_HOME:-$root}
program="$root/$version"

engine() {
    case ${OPENSEARCH_ENGINE:-any} in
    none) return 1 ;;
    any)
        for each in docker podman; do
            if command -v $each >/dev/null && $each info >/dev/null 2>&1; then
                echo $each
                return
            fi
        done
        return 1
        ;;
    *) echo "$OPENSEARCH_ENGINE" ;;
    esac
}

fetch() {
    [ -x "$program/bin/opensearch" ] && return
    for each in mvn unzip curl; do
        command -v $each >/dev/null || fail "OpenSearch is fetched with mvn, unzip and curl: install $each."
    done
    mkdir -p "$root"
    draft=$(mktemp -d "$root/fetch.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    say "Fetching OpenSearch $version"
    mvn -B -q -ntp org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
        -DoutputDirectory="$draft" \
        -Dartifact="org.opensearch.distribution.integ-test-zip:opensearch:$version:zip" >&2
    unzip -q "$draft/opensearch-$version.zip" -d "$draft"
    chmod -R a+rX "$draft"
    chmod a+rx "$draft/opensearch-$version/bin/"*
    [ -e "$program" ] || mv "$draft/opensearch-$version" "$program"
}

# The newest JDK of at least 21.
java_home() {
    found='' newest=20
    for each in /usr/lib/jvm/*/ "${JAVA_HOME:-/nonexistent}/"; do
        release=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$each/release" 2>/dev/null || true)
        if [ -n "$release" ] && [ "$release" -gt "$newest" ] && [ -x "$each/bin/java" ]; then
            newest=$release found=${each%/}
        fi
    done
    [ -n "$found" ] || fail "OpenSearch needs a JDK of 21 or newer: install one, or set JAVA_HOME."
    echo "$found"
}

nodes() { cat "$home/nodes" 2>/dev/null || echo 0; }
pid() { cat "$home/$1/pid" 2>/dev/null; }
lives() { found=$(pid "$1") && kill -0 "$found" 2>/dev/null; }

configure() { # node, nodes
    node="$home/$1"
    mkdir -p "$node/data" "$node/logs" "$node/tmp"
    rm -rf "$node/config"
    cp -r "$program/config" "$node/config"
    mkdir -p "$node/config/jvm.options.d"
    {
        echo "cluster.name: herkomst"
        echo "node.name: node-$1"
        echo "network.host: 127.0.0.1"
        echo "http.port: $((port + $1 - 1))"
        echo "transport.port: $((transport + $1 - 1))"
        echo "path.data: $node/data"
        echo "path.logs: $node/logs"
        # It shares the machine with the product, which looks after the disk.
        echo "cluster.routing.allocation.disk.threshold_enabled: false"
        echo "bootstrap.system_call_filter: false"
        if [ "$2" = 1 ]; then
            echo "discovery.type: single-node"
        else
            hosts='' names=''
            for each in $(seq "$2"); do
                hosts="$hosts\"127.0.0.1:$((transport + each - 1))\", " names="$names\"node-$each\", "
            done
            echo "discovery.seed_hosts: [${hosts%, }]"
            echo "cluster.initial_cluster_manager_nodes: [${names%, }]"
        fi
    } >"$node/config/opensearch.yml"
    # Logs of the collector and dumps go to the current directory, which is not ours to write in.
    sed -i -E "/-Xlog:gc|HeapDump|ErrorFile|^-Xm[sx]/d; s#-javaagent:agent/#-javaagent:$program/agent/#" \
        "$node/config/jvm.options"
    printf -- '-Xms%s\n-Xmx%s\n' "$heap" "$heap" >"$node/config/jvm.options.d/heap.options"
    [ "$as" = env ] || chown -R nobody:nogroup "$node"
}

launch() { # node
    # shellcheck disable=SC2086
    (cd / && $as OPENSEARCH_HOME="$program" OPENSEARCH_PATH_CONF="$home/$1/config" \
        OPENSEARCH_JAVA_HOME="$(java_home)" OPENSEARCH_TMPDIR="$home/$1/tmp" setsid "$program/bin/opensearch" -p "$home/$1/pid" \
        >"$home/$1.log" 2>&1 </dev/null &)
}

await() { # nodes
    tries=0
    until curl -fsS -m 10 -o /dev/null 2>/dev/null \
        "http://127.0.0.1:$port/_cluster/health?wait_for_nodes=%3E%3D$1&wait_for_status=yellow&timeout=5s"; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ]; then
            tail -n 25 "$home"/1.log >&2
            fail "No cluster of $1 came up; the logs are in $home."
        fi
        sleep 0.5
    done
}

stop() {
    for each in $(seq "$(nodes)"); do
        if lives "$each"; then kill "$(pid "$each")"; fi
    done
    for each in $(seq "$(nodes)"); do
        tries=0
        while lives "$each"; do
            tries=$((tries + 1))
            [ $tries -lt 200 ] || fail "Node $each still runs, as process $(pid "$each")."
            sleep 0.2
        done
    done
}

start_processes() { # nodes
    fetch
    for each in $(seq "$(nodes)"); do
        if lives "$each"; then fail "It runs already; \`opensearch.sh stop\` ends it."; fi
    done
    if [ "$(nodes)" != 0 ] && [ "$(nodes)" != "$1" ]; then
        fail "In $home lie the data of $(nodes) node(s): \`opensearch.sh wipe\` removes them."
    fi
    mkdir -p "$home"
    echo "$1" >"$home/nodes"
    for each in $(seq "$1"); do configure "$each" "$1"; done
    for each in $(seq "$1"); do launch "$each"; done
    await "$1"
}

# Named by its port, so that there may be several clusters.
container() { echo "herkomst-opensearch-$((port + $1 - 1))"; }

start_containers() { # engine, nodes
    mkdir -p "$home"
    echo "$2" >"$home/nodes"
    hosts='' names=''
    for each in $(seq "$2"); do
        hosts="$hosts$(container "$each")," names="${names}node-$each,"
    done
    "$1" network inspect herkomst-opensearch >/dev/null 2>&1 ||
        "$1" network create herkomst-opensearch >/dev/null
    for each in $(seq "$2"); do
        {
            echo "cluster.name=herkomst"
            echo "node.name=node-$each"
            echo "DISABLE_SECURITY_PLUGIN=true"
            echo "OPENSEARCH_JAVA_OPTS=-Xms$heap -Xmx$heap"
            if [ "$2" = 1 ]; then
                echo "discovery.type=single-node"
            else
                echo "discovery.seed_hosts=${hosts%,}"
                echo "cluster.initial_cluster_manager_nodes=${names%,}"
            fi
        } >"$home/$each.env"
        "$1" run -d --name "$(container "$each")" --network herkomst-opensearch \
            -p "127.0.0.1:$((port + each - 1)):9200" --env-file "$home/$each.env" \
            "opensearchproject/opensearch:$version" >/dev/null
    done
    await "$2"
}

each_container() { # engine, what is done with it
    by=$1
    shift
    for each in $(seq "$(nodes)"); do "$by" "$@" "$(container "$each")" >/dev/null; done
}

count=${2:-1}
case "${1:-} $count" in
"start 1" | "start 3")
    if by=$(engine); then start_containers "$by" "$count"; else start_processes "$count"; fi
    say "OpenSearch $version, nodes: $count"
    echo "http://127.0.0.1:$port"
    ;;
"stop 1") if by=$(engine); then each_container "$by" stop; else stop; fi ;;
"wipe 1")
    if by=$(engine); then each_container "$by" rm -f -v; else stop; fi
    for each in $(seq "$(nodes)"); do
        # A process that ends may still write its last file.
        rm -rf "${home:?}/$each" 2>/dev/null || { sleep 1; rm -rf "${home:?}/$each"; }
        rm -f "$home/$each.log" "$home/$each.env"
    done
    rm -f "$home/nodes"
    ;;
"kill "[123]) if by=$(engine); then "$by" kill "$(container "$2")"; else kill -9 "$(pid "$2")"; fi ;;
"revive "[123])
    if by=$(engine); then "$by" start "$(container "$2")"; else launch "$2"; fi
    await "$(nodes)"
    ;;
"status 1") curl -fsS "http://127.0.0.1:$port/_cat/nodes?v" || fail "No OpenSearch answers on port $port." ;;
*)
    sed -n '2,14p' "$0"
    exit 64
    ;;
esac
