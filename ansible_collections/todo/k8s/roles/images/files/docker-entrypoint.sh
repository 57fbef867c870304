#!/bin/sh
# Starts PostgreSQL. On an empty PGDATA the cluster is made first, with the official image's settings:
#   POSTGRES_PASSWORD, POSTGRES_USER (postgres), POSTGRES_DB (as the user), each also as NAME_FILE;
#   POSTGRES_INITDB_ARGS, POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD (scram-sha-256);
#   /docker-entrypoint-initdb.d/*.sql, *.sql.gz and *.sh, which find these settings in their environment.
# It runs as any user: as root it becomes postgres, and a number that /etc/passwd does not know is as good.
# Any other command than `postgres` is run as it is, and so are its --help and --version.
set -eu
umask 077

say() { printf 'docker-entrypoint: %s\n' "$*"; }
fail() {
    say "$*" >&2
    exit 1
}

# setting NAME DEFAULT: take NAME from the environment or from the file that NAME_FILE names.
setting() {
    eval "value=\${$1:-} file=\${${1}_FILE:-}"
    [ -z "$value" ] || [ -z "$file" ] || fail "$1 and ${1}_FILE are both set; unset one of them."
    if [ -n "$file" ]; then
        [ -r "$file" ] || fail "${1}_FILE: $file cannot be read by user $(id -u)."
        value=$(cat "$file")
    fi
    [ -n "$value" ] || value=$2
    eval "$1=\$value"
}

# run_script FILE: one of the first start's scripts, with the settings in its environment and in no other.
run_script() (
    export POSTGRES_USER POSTGRES_DB POSTGRES_PASSWORD POSTGRES_INITDB_ARGS POSTGRES_HOST_AUTH_METHOD
    case $1 in
        *.sql) set -- psql --username="$POSTGRES_USER" --no-psqlrc -v ON_ERROR_STOP=1 -f "$1" "$POSTGRES_DB" ;;
        *.sql.gz)
            gunzip --test "$1"
            gunzip --stdout "$1" | psql --username="$POSTGRES_USER" --no-psqlrc -v ON_ERROR_STOP=1 "$POSTGRES_DB"
            return
            ;;
        *.sh) [ -x "$1" ] || set -- bash "$1" ;;
    esac
    "$@"
)

# named COMMAND…: runs it where this user's number has a name, which initdb wants. Numbers that a cluster hands out have
# none; a library then adds one to what this command, and no other, reads of /etc/passwd.
named() (
    if ! getent passwd "$(id -u)" > /dev/null; then
        names=$(mktemp -d)
        trap 'rm -rf "$names"' EXIT
        printf 'postgres:x:%s:%s::%s:/bin/sh\n' "$(id -u)" "$(id -g)" "$PGDATA" > "$names/passwd"
        printf 'postgres:x:%s:\n' "$(id -g)" > "$names/group"
        export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD="$names/passwd" NSS_WRAPPER_GROUP="$names/group"
    fi
    "$@"
)

# The cluster grows in PGDATA/.new and is moved up with PG_VERSION last: a container killed in between leaves
# something that is known to be unfinished, never half a cluster that looks whole.
initialise() {
    new=$PGDATA/.new
    if [ -e "$new" ]; then
        say "removing what an interrupted initialisation left in $PGDATA"
        # With POSTGRES_INITDB_WALDIR the log is a link to a folder of its own, which initdb wants empty, too.
        [ ! -L "$new/pg_wal" ] || find "$new/pg_wal/" -mindepth 1 -delete
        find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name .lock ! -name lost+found -exec rm -rf {} +
    fi
    [ -z "$(find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name .lock ! -name lost+found -print -quit)" ] ||
        fail "$PGDATA holds files but no PG_VERSION: not a cluster, and not empty. Empty it, or set PGDATA elsewhere."
    setting POSTGRES_USER postgres
    setting POSTGRES_DB "$POSTGRES_USER"
    setting POSTGRES_PASSWORD ""
    setting POSTGRES_INITDB_ARGS ""
    setting POSTGRES_INITDB_WALDIR ""
    setting POSTGRES_HOST_AUTH_METHOD scram-sha-256
    [ -n "$POSTGRES_PASSWORD" ] || [ "$POSTGRES_HOST_AUTH_METHOD" = trust ] ||
        fail "POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) is not set; the superuser needs a password."

    # The password goes through a pipe: neither a command line nor a file shows it.
    # shellcheck disable=SC2086 # the arguments are words
    set -- --pgdata="$new" --no-instructions --username="$POSTGRES_USER" \
        ${POSTGRES_INITDB_WALDIR:+"--waldir=$POSTGRES_INITDB_WALDIR"} $POSTGRES_INITDB_ARGS
    if [ -n "$POSTGRES_PASSWORD" ]; then
        printf '%s\n' "$POSTGRES_PASSWORD" | named initdb --pwfile=/dev/stdin --auth-local=trust --auth-host=scram-sha-256 "$@"
    else
        named initdb --auth=trust "$@"
    fi
    printf 'host all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >> "$new/pg_hba.conf"

    # Until everything is in place the server listens on its socket alone: who can connect finds a finished database.
    pg_ctl --pgdata="$new" --wait --silent --options="-c listen_addresses='' -c logging_collector=off" start
    if [ "$POSTGRES_DB" != postgres ]; then
        printf 'CREATE DATABASE :"db";\n' |
            psql --username="$POSTGRES_USER" --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v db="$POSTGRES_DB" postgres
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sql | *.sql.gz | *.sh)
                say "running $script"
                run_script "$script"
                ;;
        esac
    done
    pg_ctl --pgdata="$new" --wait --silent --mode=fast stop

    find "$new" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
    mv "$new/PG_VERSION" "$PGDATA/PG_VERSION"
    rmdir "$new"
    sync
    say "made the cluster in $PGDATA with database $POSTGRES_DB"
}

case ${1:-} in
    -*) set -- postgres "$@" ;;
esac
[ "${1:-}" = postgres ] || exec "$@"
for argument; do
    case $argument in
        --help | '-?' | --version | -V | --describe-config) exec "$@" ;;
    esac
done

: "${PGDATA:=/var/lib/postgresql/data}"
export PGDATA
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$0" "$@"
fi
# As the first process a shell ignores signals it has no trap for.
trap 'exit 143' TERM INT
mkdir -p "$PGDATA" 2> /dev/null || fail "PGDATA: $PGDATA cannot be made by user $(id -u); mount a volume it may write."
chmod 0700 "$PGDATA" 2> /dev/null || [ -w "$PGDATA" ] || fail "PGDATA: $PGDATA is not writable for user $(id -u)."

# Two servers on one volume destroy it, and in containers PostgreSQL's own check (a pid) cannot see the other one.
# The server inherits the lock and holds it until its last process has ended.
exec 9>> "$PGDATA/.lock"
flock --wait "${POSTGRES_LOCK_WAIT:-60}" 9 ||
    fail "$PGDATA is in use by another server (lock held for ${POSTGRES_LOCK_WAIT:-60} s). Stop that one first."
[ -s "$PGDATA/PG_VERSION" ] || initialise
trap - TERM INT
exec "$@"
