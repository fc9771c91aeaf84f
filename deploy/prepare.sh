#!/bin/sh
# Makes what docker-compose.yml needs and nobody commits: keys, passwords and certificates, in deploy/secrets.
# Leaves alone what is there. Needs openssl. An argument names another folder.
set -eu

folder="${1:-$(dirname "$0")/secrets}"
host="${ROLEGATE_HOST:-localhost}"
days=365

# The folder is closed to other people on this machine. The files in it are not, since programs in containers run as
# users that this machine does not know.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022
cd "$folder"

secret() {
  [ -e "$1" ] || { openssl rand "$2" 32 | tr -d '\n' > "$1.new" && mv "$1.new" "$1"; }
}

certificate() {
  [ -e "$1.pem" ] && return
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$2" 2> /dev/null |
    openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -out "$1.pem.new" -extfile "$1.extensions" \
      2> /dev/null
  rm "$1.extensions"
  chmod 644 "$1.key"
  mv "$1.pem.new" "$1.pem"
}

extensions() {
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:false\n' "$2" \
    > "$1.extensions"
}

secret key_ring -base64
secret redis_password -hex
secret ldap_service_password -hex
secret ldap_people_password -hex

if [ ! -e ca.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -keyout ca.key -out ca.pem \
    -subj '/CN=Rolegate compose' -addext keyUsage=critical,keyCertSign 2> /dev/null
  chmod 600 ca.key
fi
[ -e proxy.pem ] || extensions proxy "DNS:$host,IP:127.0.0.1"
certificate proxy "$host"
[ -e directory.pem ] || extensions directory DNS:directory,DNS:localhost
certificate directory directory

echo "secrets are in $(pwd)"
echo "the sample people's password is in ldap_people_password: ada, grace, linus and olga"
