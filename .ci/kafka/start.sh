#!/bin/sh
# Runs one Apache Kafka node (KRaft) in the foreground, for tests:
#
#   .ci/kafka/start.sh PORT DIR
#   MASHANG_TEST_KAFKA=127.0.0.1:PORT go test ./hub/bus/kafka
#
# It needs Java 17 and Maven. DIR keeps the jars, the log and the pid.
set -eu
port=${1:?port} dir=${2:?folder}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if [ ! -d "$dir/jars" ]; then
	mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$dir/jars.part"
	mv "$dir/jars.part" "$dir/jars"
fi
cat >"$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$dir/log
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
PROPERTIES
run() { java -Xmx512m -cp "$dir/jars/*" "$@"; }
if [ ! -f "$dir/log/meta.properties" ]; then
	run kafka.tools.StorageTool format -t "$(run kafka.tools.StorageTool random-uuid)" \
		-c "$dir/server.properties"
fi
echo $$ >"$dir/pid"
exec java -Xmx512m -cp "$dir/jars/*" kafka.Kafka "$dir/server.properties"
