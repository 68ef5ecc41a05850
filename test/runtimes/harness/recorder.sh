#!/bin/sh
# Stands for a plugin: notes what a runtime tells it and what it answers, and does as the plugin does.
# The two folders are filled in when it is put into a box.
set -u
plugin="@PLUGINS@/${0##*/}"
# Called by a plugin that is recorded, not by the runtime.
if [ -n "${CNI_TS_RECORDED-}" ]; then exec "$plugin"; fi
export CNI_TS_RECORDED=1
call=$(mktemp -d "@CALLS@/$(date +%s%N)-XXXXXX")
cat >"$call/stdin"
env | grep '^CNI_' | grep -v '^CNI_TS_' >"$call/environment"
echo "${0##*/}" >"$call/plugin"
"$plugin" <"$call/stdin" >"$call/stdout" 2>"$call/stderr"
status=$?
echo "$status" >"$call/status"
cat "$call/stderr" >&2
cat "$call/stdout"
exit "$status"
