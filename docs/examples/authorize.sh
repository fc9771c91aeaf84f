#!/bin/sh
# Asks Rolegate about a request that a client signed: who it was, and whether policies allow it.
#
#   AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… authorize.sh https://rolegate.example.com < question.json
#
# The credentials are the resource server's own; it needs rolegate:Authorize. question.json: docs/resource-servers.md.
set -eu
set -- "${1:?the address of Rolegate}"
if [ -n "${AWS_SESSION_TOKEN:-}" ]; then
  set -- "$1" --header "X-Amz-Security-Token: $AWS_SESSION_TOKEN"
fi
endpoint=$1
shift
# The secret on standard input of curl, so that it is in no list of processes.
body=$(cat)
printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
  curl --silent --show-error --fail-with-body --config - --aws-sigv4 aws:amz:us-east-1:rolegate \
    --header 'Content-Type: application/json' "$@" --data-binary "$body" "$endpoint/v1/authorize"
