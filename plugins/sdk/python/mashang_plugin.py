"""What the author of a department plugin (部门插件) in Python calls.

    from mashang_plugin import Department, Receipt, serve

    class Water(Department):
        def deliver(self, alerts):
            return [Receipt(a.id) for a in alerts]

    serve(Water())

Needs Python 3.9+, grpcio, protobuf and cryptography. The hub starts the
plugin; started by hand it says so and leaves. Never log a citizen's words or
number.
"""
import base64
import datetime
import json
import os
import signal
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

import department_pb2 as pb

MAX_MESSAGE = 64 << 20
# What may become of an alert. NOT_TRIED: no time for it, costs no attempt.
DELIVERED, RETRY, REFUSED, GONE, NOT_TRIED = "delivered", "retry", "refused", "gone", "not_tried"
VERSIONS = (2, 1)  # of department.proto, the best first
_RESULTS = {
    DELIVERED: pb.OUTCOME_DELIVERED, RETRY: pb.OUTCOME_RETRY, REFUSED: pb.OUTCOME_REFUSED,
    GONE: pb.OUTCOME_GONE, NOT_TRIED: pb.OUTCOME_NOT_TRIED,
}


class Invalid(Exception):
    """A configuration that cannot work: say what is wrong and how to mend it."""


class Later(Exception):
    """Not now: the hub tries again."""


class Receipt:
    """The answer to one alert. facts are what was read from the text, words
    what each was read from, by the same names. suggest, with REFUSED, is the
    department whose matter it is: the case is sent back to be assigned there."""

    def __init__(self, alert, outcome=DELIVERED, reason="", retry_after=0, facts=None, group="", critical=False,
                 words=None, suggest=""):
        if outcome not in _RESULTS:
            raise ValueError("no outcome %r" % (outcome,))
        self.alert, self.outcome, self.reason = alert, outcome, reason
        self.retry_after, self.facts, self.group, self.critical = retry_after, facts or {}, group, critical
        self.words, self.suggest = words or {}, suggest

    def message(self, version=VERSIONS[0]):
        m = pb.Receipt(alert=self.alert, reason=self.reason, group=self.group, critical=self.critical)
        if version == 1:
            m.outcome = self.outcome
            m.facts.update(self.facts)
        else:
            m.result, m.suggest = _RESULTS[self.outcome], self.suggest
            for name, value in self.facts.items():
                m.read.add(name=name, value=value, words=self.words.get(name, ""))
        if self.retry_after:
            m.retry_after.CopyFrom(Duration(seconds=int(self.retry_after)))
        return m


class Department:
    """Override deliver, and what else you need. Methods are called from
    several threads; nothing is called before configure returned."""

    def __init__(self):
        self._reports = _Reports()

    def configure(self, config):
        """Takes the department's configuration, a dict, once. Raise Invalid."""

    def deliver(self, alerts):
        """Answers every alert with exactly one Receipt. The same alert may come
        again with the same id: answer it the same way."""
        raise NotImplementedError

    def health(self):
        """Raise Later while no alert can be taken."""

    def report(self, id, case, step, text="", suggest="", at=None):
        """Tells the hub what the department did: step is signed_for,
        contact_made, progressed, sent_back or resolved. id is yours, unique,
        and the same when you report again; it is sent until the hub has it."""
        when = Timestamp()
        when.FromDatetime(at or datetime.datetime.utcnow())
        self._reports.add(pb.Update(id=id, case=case, step=step, text=text, suggest=suggest, at=when))


def citizens(alert):
    """Whether the alert's content is what a citizen said. Digests, gathered
    notices, alarms and early warnings are the hub's own words, and a reminder
    has none: read nothing from them."""
    own = ("gathered", "digested", "endpoint", "early_warning")
    return alert.event not in own and bool(alert.content.title or alert.content.text)


class _Reports:
    """Updates that the hub has not acknowledged yet."""

    def __init__(self):
        self._lock = threading.Condition()
        self._waiting = {}
        self._sent = set()

    def add(self, update):
        with self._lock:
            self._waiting.setdefault(update.id, update)
            self._lock.notify_all()

    def stream(self, context):
        with self._lock:
            self._sent.clear()  # a new listener gets all that waits
        while context.is_active():
            with self._lock:
                fresh = [u for i, u in self._waiting.items() if i not in self._sent]
                self._sent.update(u.id for u in fresh)
                if not fresh:
                    self._lock.wait(0.2)
            yield from fresh

    def ack(self, acks):
        with self._lock:
            for a in acks:
                if a.code != "unavailable":
                    self._waiting.pop(a.id, None)
                self._sent.discard(a.id)
            self._lock.notify_all()


class _Service:
    def __init__(self, department, version):
        self.department, self.version = department, version

    def configure(self, request, context):
        try:
            config = json.loads(request.json or b"{}")
            if not isinstance(config, dict):
                raise Invalid("the configuration is not an object")
            self.department.configure(config)
        except (Invalid, ValueError) as e:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(e))
        return pb.ConfigureResponse()

    def deliver(self, request, context):
        try:
            receipts = self.department.deliver(list(request.alerts))
        except Later as e:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(e))
        return pb.DeliverResponse(receipts=[r.message(self.version) for r in receipts])

    def updates(self, request, context):
        yield from self.department._reports.stream(context)

    def ack(self, request, context):
        self.department._reports.ack(request.acks)
        return pb.AckUpdatesResponse()

    def health(self, request, context):
        try:
            self.department.health()
        except Later as e:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(e))
        return pb.HealthResponse()

    def handlers(self, stop):
        def unary(f, request, response):
            return grpc.unary_unary_rpc_method_handler(f, request.FromString, response.SerializeToString)

        raw = dict(request_deserializer=lambda b: b, response_serializer=lambda b: b)

        def shutdown(request, context):
            stop.set()
            return b""

        return (
            grpc.method_handlers_generic_handler("mashang.department.v1.Department", {
                "Configure": unary(self.configure, pb.ConfigureRequest, pb.ConfigureResponse),
                "Deliver": unary(self.deliver, pb.DeliverRequest, pb.DeliverResponse),
                "Updates": grpc.unary_stream_rpc_method_handler(
                    self.updates, pb.UpdatesRequest.FromString, pb.Update.SerializeToString),
                "AckUpdates": unary(self.ack, pb.AckUpdatesRequest, pb.AckUpdatesResponse),
                "Health": unary(self.health, pb.HealthRequest, pb.HealthResponse),
            }),
            # status 1 is SERVING in grpc.health.v1
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
                "Check": grpc.unary_unary_rpc_method_handler(lambda request, context: b"\x08\x01", **raw)}),
            grpc.method_handlers_generic_handler("plugin.GRPCController", {
                "Shutdown": grpc.unary_unary_rpc_method_handler(shutdown, **raw)}),
        )


def _certificate():
    """Makes the key and certificate of this process."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1)).not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return pem, cert.public_bytes(serialization.Encoding.PEM), cert.public_bytes(serialization.Encoding.DER)


def _watch_parent(stop):
    """Leaves when the hub has died, so that no plugin is left behind."""
    parent = os.getppid()
    while not stop.wait(1):
        if os.getppid() != parent:
            os._exit(1)


def _version(offered):
    """The best version that the hub offers too; an older hub offers none and
    speaks 1. With none in common the hub is told ours and says so."""
    both = [v for v in VERSIONS if str(v) in (offered or "1").split(",")]
    return both[0] if both else VERSIONS[0]


def serve(department):
    """Serves department to the hub that started this process."""
    if os.environ.get("MASHANG_PLUGIN") != "department.v1":
        print("这是码上的部门插件，由主程序启动。用 mashang plugin check 文件夹 试运行。", file=sys.stderr)
        sys.exit(1)
    if not hasattr(department, "_reports"):
        department._reports = _Reports()  # its __init__ did not call ours
    stop = threading.Event()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=[
        ("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)])
    version = _version(os.environ.get("PLUGIN_PROTOCOL_VERSIONS"))
    server.add_generic_rpc_handlers(_Service(department, version).handlers(stop))
    client, tail = os.environ.get("PLUGIN_CLIENT_CERT"), ""
    if client:
        key, cert, der = _certificate()
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
            [(key, cert)], root_certificates=client.encode(), require_client_auth=True))
        tail = "|" + base64.b64encode(der).decode().rstrip("=")
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_watch_parent, args=(stop,), daemon=True).start()
    print("1|%d|tcp|127.0.0.1:%d|grpc%s" % (version, port, tail), flush=True)
    stop.wait()
    server.stop(0.5).wait()
