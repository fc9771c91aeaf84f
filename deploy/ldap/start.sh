#!/bin/sh
# Loads the sample data into an empty directory, then serves it. Passwords come from files and are stored as hashes.
set -eu

home="$(dirname "$0")"
: "${SECRETS:=/run/secrets}" "${DATA:=/var/lib/ldap}" "${RUN:=/tmp}" "${URL:=ldaps://0.0.0.0:1636/}"

hash() {
  slappasswd -o module-path=/usr/lib/ldap -o module-load=argon2 -h '{ARGON2}' -T "$SECRETS/$1"
}

sed -e "s|@SECRETS@|$SECRETS|" -e "s|@DATA@|$DATA|" -e "s|@RUN@|$RUN|" "$home/slapd.conf" > "$RUN/slapd.conf"
if [ ! -e "$DATA/loaded" ]; then
  rm -f "$DATA"/*
  sed -e "s|@SERVICE_PASSWORD@|$(hash ldap_service_password)|" -e "s|@PEOPLE_PASSWORD@|$(hash ldap_people_password)|" \
    "$home/organization.ldif" | slapadd -q -f "$RUN/slapd.conf"
  touch "$DATA/loaded"
fi
# Level 0 keeps it in the foreground and quiet.
exec slapd -f "$RUN/slapd.conf" -h "$URL" -d 0
