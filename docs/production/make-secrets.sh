#!/bin/sh
# Makes the secrets of an installation, once: make-secrets.sh FOLDER [HOST OF POSTGRESQL] [HOST OF REDIS] [PORT] [PORT]
# Files that exist are left as they are, so that a second run adds what a new version needs.
set -eu
umask 077
folder=${1:?the folder of the secrets}; postgres=${2:-postgres}; redis=${3:-redis}; port=${4:-5432}; broker_port=${5:-6379}
mkdir -p "$folder"
cd "$folder"
at() { case $1 in *:*) printf '[%s]' "$1" ;; *) printf %s "$1" ;; esac; }  # an IPv6 address within an address

random() { openssl rand -hex "$1" | tr -d '\n'; }
keep() { [ -s "$1" ] || { tr -d '\n' > "$1.new"; mv "$1.new" "$1"; }; }  # without an end of line: some readers take it as part

# A certificate authority of this installation alone, and a certificate for each server.
[ -s ca.crt ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 \
    -subj "/CN=Auyl" -keyout ca.key -out ca.crt 2>/dev/null
for server in "postgres $postgres" "redis $redis"; do
    name=${server% *} host=${server#* }
    [ -s "$name.crt" ] && continue
    [ -s ca.key ] || { echo "$folder/$name.crt: put ca.key of this installation there first" >&2; exit 1; }
    case $host in *:*) names="IP:$host" ;; *[!0-9.]*) names="DNS:$host" ;; *) names="IP:$host" ;; esac
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$host" -keyout "$name.key" -out "$name.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "$names" > "$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile "$name.ext" -out "$name.crt" 2>/dev/null ||
        { rm -f "$name".???; echo "host of $name: expected a name or an IP address, found $host" >&2; exit 1; }
    rm "$name.csr" "$name.ext"
done

# A login for each process, none of them a superuser but `postgres`, which only makes the owner.
random 24 | keep postgres_password
echo "postgresql://postgres:$(cat postgres_password)@$(at "$postgres"):$port/postgres" | keep admin_dsn
for login in owner pipeline engineer portal; do
    echo "postgresql://auyl_$login:$(random 24)@$(at "$postgres"):$port/auyl" | keep "${login}_dsn"
done
echo "postgresql+psycopg2://airflow:$(random 24)@$(at "$postgres"):$port/airflow" | keep airflow_dsn
echo "db+postgresql+psycopg2://airflow_results:$(random 24)@$(at "$postgres"):$port/airflow_results" | keep results_dsn

password=$(random 24)
[ -s broker_url ] || cat > redis.conf <<END
port 0
tls-port $broker_port
tls-cert-file /run/secrets/redis_certificate
tls-key-file /run/secrets/redis_key
tls-ca-cert-file /run/secrets/ca
tls-auth-clients no
requirepass $password
appendonly yes
END
echo "rediss://:$password@$(at "$redis"):$broker_port/0?ssl_cert_reqs=required&ssl_ca_certs=/run/secrets/ca" | keep broker_url

openssl rand -base64 32 | tr '+/' '-_' | keep fernet_key
random 32 | keep session_key
random 64 | keep jwt_secret
random 32 | keep hash_key
random 12 | keep airflow_password

# A container sees the owner and mode that a file has here. These are the accounts in the images.
chmod 644 ca.crt
if [ "$(id -u)" = 0 ]; then
    chown 50000 admin_dsn owner_dsn pipeline_dsn engineer_dsn airflow_dsn results_dsn broker_url fernet_key session_key jwt_secret hash_key airflow_password
    chown 50001:50000 portal_dsn && chmod 440 portal_dsn  # bootstrap sets its password
    chown 999 postgres_password postgres.crt postgres.key redis.conf redis.crt redis.key
fi
