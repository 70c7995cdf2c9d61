#!/bin/sh
# Kills the Apache Kafka that start.sh runs on DIR, and starts it again:
#
#   .ci/kafka/restart.sh PORT DIR
#
# It returns when the new one takes connections.
set -eu
port=${1:?port} dir=${2:?folder}
here=$(cd "$(dirname "$0")" && pwd)
kill -9 "$(cat "$dir/pid")" 2>/dev/null || true
"$here/start.sh" "$port" "$dir" >>"$dir/out" 2>&1 </dev/null &
tries=0
until bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -lt 240 ] || exit 1
	sleep 0.5
done
