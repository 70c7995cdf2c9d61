#!/bin/sh
# Runs one Apache Kafka node (KRaft) in the foreground, for tests:
#
#   .ci/kafka/start.sh PORT DIR
#   MASHANG_TEST_KAFKA=127.0.0.1:PORT go test ./hub/bus/kafka
#
# It needs Java 17 and Maven. DIR keeps the jars, the log and the pid. PORT+2 is
# for TLS with the authority DIR/ca.pem and the login mashang by SCRAM-SHA-512.
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
if [ ! -f "$dir/ca.pem" ]; then
	rm -f "$dir/keys.p12"
	keytool -genkeypair -keystore "$dir/keys.p12" -storetype PKCS12 -storepass mashang-keys -alias broker \
		-keyalg EC -groupname secp256r1 -dname CN=kafka -ext san=ip:127.0.0.1 -ext bc=ca:true -validity 30
	keytool -exportcert -rfc -keystore "$dir/keys.p12" -storepass mashang-keys -alias broker >"$dir/ca.part"
	mv "$dir/ca.part" "$dir/ca.pem"
fi
cat >"$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1)),SASL_SSL://127.0.0.1:$((port + 2))
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SASL_SSL://127.0.0.1:$((port + 2))
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.ssl.keystore.type=PKCS12
listener.name.sasl_ssl.ssl.keystore.location=$dir/keys.p12
listener.name.sasl_ssl.ssl.keystore.password=mashang-keys
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
		-c "$dir/server.properties" --add-scram 'SCRAM-SHA-512=[name=mashang,password=s3cret-512]'
fi
echo $$ >"$dir/pid"
# The settings of Kafka's own start script; regions that hold a batch of 1 MB.
exec java -server -Xms1g -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:G1HeapRegionSize=8m -cp "$dir/jars/*" kafka.Kafka "$dir/server.properties"
