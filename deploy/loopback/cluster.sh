#!/usr/bin/env bash
# Three PostgreSQL under Patroni, etcd, HAProxy and two nodes of Rolecall on this machine, on loopback addresses only.
# Needs Debian's postgresql-15, patroni, etcd-server, haproxy and curl. `docs/guides/cluster.md` goes through it.
set -euo pipefail

usage="usage: cluster.sh COMMAND
  start             start whatever does not run
  start NAME        start one: etcd, pg1, pg2, pg3, haproxy, node1, node2
  stop [NAME]       stop one or all, orderly
  kill NAME         end one as a failing machine does; for pg1, pg2 and pg3 that is Patroni and PostgreSQL
  kill-postgres NAME  end PostgreSQL only, as the kernel does that is out of memory
  status            what runs, and who is primary
  primary           the name of the primary
  env               the file that tells \`rolecall\` where the database and the key are
  fail-over [host|process]  write for a minute, kill the primary meanwhile, and count what is missing; KEY is an
                    administrator's API key
  clean             stop all and delete everything"

# Would be taken for the cluster's own.
unset "${!PG@}" "${!PATRONI@}"

here=$(cd "$(dirname "$0")" && pwd)

# What may be set from outside.
DIR=${DIR:-/tmp/rolecall-cluster}          # everything is in here
PORT=${PORT:-17000}                        # the first of a hundred ports
ROLECALL=${ROLECALL:-rolecall}             # the program
BIN_DIR=${BIN_DIR:-/usr/lib/postgresql/15/bin}
PATIENCE=${PATIENCE:-60}                   # seconds that anything may take to start or stop
RATE_LIMITS=${RATE_LIMITS:-off}

etcd=$((PORT + 1)) etcd_peer=$((PORT + 2)) database=$((PORT + 3)) http=$((PORT + 4)) watch=$((PORT + 5))
pg() { echo $((PORT + 10 + $1)); }
rest() { echo $((PORT + 20 + $1)); }
node() { echo $((PORT + 30 + $1)); }
names=(etcd pg1 pg2 pg3 haproxy node1 node2)

say() { echo "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# PostgreSQL does not run as root; whoever is not root runs all of it.
server_user=$(id -un)
as_server=()
if [ "$(id -u)" = 0 ]; then
    server_user=postgres
    as_server=(setpriv "--reuid=$server_user" "--regid=$server_user" --clear-groups)
fi

# Calls a command until it succeeds.
wait_for() {
    local what=$1 end=$((SECONDS + PATIENCE))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "$what took longer than $PATIENCE s; see $DIR/log"
        sleep 0.2
    done
}
started_or_ended() {
    local name=$1
    shift
    ! pid_of "$name" || "$@"
}
# Calls a command until it succeeds, while a process runs.
wait_while() {
    local name=$1
    shift
    wait_for "the start of $name" started_or_ended "$name" "$@"
    pid_of "$name" >/dev/null || fail "$name ended; see $DIR/log/$name"
}
asks() { curl --silent --fail --max-time 2 "http://127.0.0.1:$1$2"; }

# A process is known by its number and when it began, as numbers are used again.
began() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] || return 1
    echo "${fields[19]}"
}
pid_of() {
    local pid then
    read -r pid then 2>/dev/null <"$DIR/run/$1" || return 1
    [ "$(began "$pid")" = "$then" ] || return 1
    echo "$pid"
}
gone() { ! began "$1"; }

# Runs a command in the background, in a session of its own.
run() {
    local name=$1
    shift
    setsid "$@" </dev/null >>"$DIR/log/$name" 2>&1 &
    local pid=$!
    disown "$pid"
    echo "$pid $(began "$pid")" >"$DIR/run/$name"
}

postmaster_of() {
    local pid
    { read -r pid <"$DIR/$1/data/postmaster.pid"; } 2>/dev/null || return 1
    [ "$(readlink -f "/proc/$pid/cwd")" = "$(readlink -f "$DIR/$1/data")" ] || return 1
    echo "$pid"
}

set_up() {
    mkdir -p "$DIR"/{log,run}
    install -m 644 "$here/../patroni.yml" "$here/../database.sh" "$here/../haproxy.cfg" "$DIR"
    for name in etcd pg1 pg2 pg3; do
        [ -d "$DIR/$name" ] || install -d -m 700 -o "$server_user" "$DIR/$name"
    done
    [ -e "$DIR/env" ] && return
    local secret
    secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
    (
        umask 077
        local password
        password=$(secret)
        printf '%s\n' "SUPERUSER_PASSWORD=$(secret)" "REPLICATION_PASSWORD=$(secret)" "DB_PASSWORD=$password" >"$DIR/passwords"
        head -c 32 /dev/urandom | base64 >"$DIR/key"
        printf 'export %s\n' "ROLECALL_KEY_FILE=$DIR/key" \
            "ROLECALL_DATABASE='postgres://rolecall:$password@127.0.0.1:$database/rolecall?sslmode=disable'" >"$DIR/env"
    )
}

start_etcd() {
    run etcd "${as_server[@]}" etcd --name etcd --data-dir "$DIR/etcd/data" --log-level warn \
        --listen-client-urls "http://127.0.0.1:$etcd" --advertise-client-urls "http://127.0.0.1:$etcd" \
        --listen-peer-urls "http://127.0.0.1:$etcd_peer" --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" \
        --initial-cluster "etcd=http://127.0.0.1:$etcd_peer"
    wait_while etcd asks "$etcd" /health
}

start_pg() {
    local name=$1 number=${1#pg} SUPERUSER_PASSWORD REPLICATION_PASSWORD DB_PASSWORD
    . "$DIR/passwords"
    (
        cd "$DIR"
        export PATRONI_NAME=$name PATRONI_ETCD3_HOSTS="'127.0.0.1:$etcd'"
        PATRONI_RESTAPI_LISTEN=127.0.0.1:$(rest "$number")
        PATRONI_POSTGRESQL_LISTEN=127.0.0.1:$(pg "$number")
        export PATRONI_RESTAPI_LISTEN PATRONI_RESTAPI_CONNECT_ADDRESS=$PATRONI_RESTAPI_LISTEN
        export PATRONI_POSTGRESQL_LISTEN PATRONI_POSTGRESQL_CONNECT_ADDRESS=$PATRONI_POSTGRESQL_LISTEN
        export PATRONI_POSTGRESQL_DATA_DIR=$DIR/$name/data PATRONI_POSTGRESQL_BIN_DIR=$BIN_DIR
        export PATRONI_POSTGRESQL_PGPASS=$DIR/$name/pgpass
        export PATRONI_SUPERUSER_USERNAME=postgres PATRONI_SUPERUSER_PASSWORD=$SUPERUSER_PASSWORD
        export PATRONI_REPLICATION_USERNAME=replicator PATRONI_REPLICATION_PASSWORD=$REPLICATION_PASSWORD
        export ROLECALL_DB_PASSWORD=$DB_PASSWORD
        run "$name" "${as_server[@]}" patroni "$DIR/patroni.yml"
    )
    wait_while "$name" asks "$(rest "$number")" /health
}

start_haproxy() {
    (
        export HTTP_LISTEN=127.0.0.1:$http DATABASE_LISTEN=127.0.0.1:$database WATCH_LISTEN=127.0.0.1:$watch
        for number in 1 2 3; do
            export "PG$number=127.0.0.1:$(pg $number)" "PG${number}_REST=$(rest $number)"
        done
        for number in 1 2; do export "NODE$number=127.0.0.1:$(node $number)"; done
        run haproxy "${as_server[@]}" haproxy -db -f "$DIR/haproxy.cfg"
    )
    wait_while haproxy asks "$watch" /primary
}

start_node() {
    local name=$1 port
    port=$(node "${1#node}")
    (
        . "$DIR/env"
        "$ROLECALL" migrate up >>"$DIR/log/$name" 2>&1 || fail "the database was not migrated; see $DIR/log/$name"
        run "$name" env ROLECALL_RATE_LIMITS="$RATE_LIMITS" "$ROLECALL" serve --listen "127.0.0.1:$port" --metrics-listen off
    )
    wait_while "$name" asks "$port" /readyz
}

start() {
    if pid_of "$1" >/dev/null; then
        return
    fi
    say "starting $1"
    case $1 in
        etcd) start_etcd ;;
        pg?) start_pg "$1" ;;
        haproxy) start_haproxy ;;
        node?) start_node "$1" ;;
    esac
}

stop() {
    local pid
    if pid=$(pid_of "$1"); then
        say "stopping $1"
        kill -TERM "$pid"
        wait_for "the end of $1" gone "$pid"
        # What it began and did not wait for, such as a copy of the primary.
        kill -KILL -- "-$pid" 2>/dev/null || true
    fi
    # Patroni that is stopped while it starts PostgreSQL leaves it behind, and so does one that was killed.
    if [[ $1 = pg? ]] && pid=$(postmaster_of "$1"); then
        kill -INT "$pid"
        wait_for "the end of the PostgreSQL of $1" gone "$pid"
    fi
}

# What is left of a machine that failed is nothing: both at once, so that none sees the other end.
kill_one() {
    local pids=() pid
    if pid=$(pid_of "$1"); then pids+=("$pid"); fi
    if [[ $1 = pg? ]] && pid=$(postmaster_of "$1"); then pids+=("$pid"); fi
    [ ${#pids[@]} -gt 0 ] || fail "$1 does not run"
    kill -KILL "${pids[@]}"
}

# Whoever depends on another stops first; the primary after its standbys, so that none takes over.
stop_all() {
    local name last
    last=$(primary || true)
    for name in node2 node1 haproxy pg1 pg2 pg3; do
        [ "$name" = "$last" ] || stop "$name"
    done
    for name in $last etcd; do stop "$name"; done
}

primary() {
    local number
    for number in 1 2 3; do
        if asks "$(rest $number)" /primary >/dev/null; then
            echo "pg$number"
            return
        fi
    done
    return 1
}

status() {
    local name port pid
    for name in "${names[@]}"; do
        if pid=$(pid_of "$name"); then echo "$name runs as process $pid"; else echo "$name does not run"; fi
    done
    for port in $(node 1) $(node 2); do
        printf 'http://127.0.0.1:%s/readyz says %s\n' "$port" \
            "$(curl --silent --max-time 6 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port/readyz" || true)"
    done
    PATRONI_ETCD3_HOSTS="'127.0.0.1:$etcd'" timeout 10 patronictl -c "$DIR/patroni.yml" list
}

# Kills the primary while a witness writes.
fail_over() {
    local old new witness begin result=0
    [ -n "${KEY:-}" ] || fail "KEY is not set"
    python3 "$here/witness.py" --seconds 60 --write "http://127.0.0.1:$http" \
        --read "http://127.0.0.1:$(node 1)" "http://127.0.0.1:$(node 2)" &
    witness=$!
    sleep 5
    began "$witness" >/dev/null || fail "the witness ended before anything failed"
    old=$(primary) || fail "there is no primary"
    if [ "$1" = host ]; then kill_one "$old"; else kill -KILL "$(postmaster_of "$old")"; fi
    begin=$(date +%s%N)
    say "killed $old"
    wait_for "the fail-over" another_than "$old"
    new=$(primary)
    begin=$((($(date +%s%N) - begin) / 100000000))
    say "$new is primary after $((begin / 10)).$((begin % 10)) s"
    wait "$witness" || result=$?
    return $result
}
another_than() {
    local now
    now=$(primary) && [ "$now" != "$1" ]
}

one_of_them() {
    [[ " ${names[*]} " = *" ${1:-} "* ]] || fail "there is no \`${1:-}\`; there are ${names[*]}"
}

case ${1:-} in
    start)
        [ -z "${2:-}" ] || one_of_them "$2"
        command -v "$ROLECALL" >/dev/null || fail "there is no program \`$ROLECALL\`; set ROLECALL"
        set_up
        for name in ${2:-"${names[@]}"}; do start "$name"; done
        [ -n "${2:-}" ] || wait_for "the way through HAProxy" asks "$http" /readyz
        say "Rolecall is at http://127.0.0.1:$http, its nodes are at http://127.0.0.1:$(node 1) and http://127.0.0.1:$(node 2)"
        ;;
    stop) if [ -n "${2:-}" ]; then one_of_them "$2"; stop "$2"; else stop_all; fi ;;
    kill) one_of_them "${2:-}"; kill_one "$2" ;;
    kill-postgres)
        one_of_them "${2:-}"
        pid=$(postmaster_of "$2") || fail "$2 has no PostgreSQL that runs"
        kill -KILL "$pid"
        ;;
    status) status ;;
    primary) primary || fail "there is no primary" ;;
    fail-over)
        [[ ${2:-host} = @(host|process) ]] || fail "a \`host\` fails, or a \`process\`"
        fail_over "${2:-host}"
        ;;
    env) echo "$DIR/env" ;;
    clean) stop_all; rm -rf "$DIR" ;;
    *) say "$usage"; exit 2 ;;
esac
