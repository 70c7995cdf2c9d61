"""码上渠道适配程序的 Python 支持：实现 decode（收推送）或 pull（自己去取），然后 serve()。

需要 grpcio 和 protobuf（Debian：python3-grpcio python3-protobuf）。
密钥、编号、去重、回执、死信由码上负责；这里只管把对方的内容读成来件。
"""

import concurrent.futures
import json
import os
import sys
import threading
import time

import grpc

import adapter_pb2 as pb

Submission = pb.Submission
Attachment = pb.Attachment


class Refused(Exception):
    """内容永远读不懂时抛出，说明原因；原文进死信。"""


class Adapter:
    """适配程序的样子；只需写用得着的方法。"""

    pulls = False

    def configure(self, channel, config):
        """config 是渠道文件 options.config 的内容；有错就抛 ValueError。"""

    def decode(self, body, media_type, name):
        """读一条推送来的消息（bytes），返回 Submission 的列表。"""
        raise Refused("这个渠道不收推送")

    def pull(self, cursor, limit):
        """取 cursor 之后的来件，返回 (列表, 新的 cursor, 是否还有)；同一 cursor 应得到同样的内容。"""
        return [], cursor, False

    def settle(self, results):
        """取来的每一件怎么样了：receipt、tracking，或 error。"""


class _Service:
    def __init__(self, adapter):
        self.adapter = adapter

    def Configure(self, request, context):
        out = pb.ConfigureResponse(pulls=self.adapter.pulls)
        try:
            self.adapter.configure(request.channel, json.loads(request.json or b"{}"))
            out.pulls = self.adapter.pulls
        except Exception as e:  # 原样告诉码上
            out.problems.append(str(e))
        return out

    def Decode(self, request, context):
        try:
            return pb.DecodeResponse(submissions=self.adapter.decode(request.body, request.media_type, request.name))
        except Refused as e:
            return pb.DecodeResponse(refuse=str(e))

    def Pull(self, request, context):
        items, cursor, more = self.adapter.pull(request.cursor, request.max)
        return pb.PullResponse(submissions=items, cursor=cursor, more=more)

    def Settle(self, request, context):
        self.adapter.settle(request.results)
        return pb.SettleResponse()


def _unary(behaviour, request, response):
    return grpc.unary_unary_rpc_method_handler(
        behaviour, request_deserializer=request.FromString, response_serializer=response.SerializeToString)


def serve(adapter):
    """运行到码上叫停，或码上已经不在。"""
    if os.environ.get("MASHANG_ADAPTER") != "adapter.v1":
        sys.exit("这是码上的渠道适配程序，由码上启动；写在渠道文件的 options.command 里。")
    service, done = _Service(adapter), threading.Event()
    size = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=size)
    names = {"Configure": pb.ConfigureRequest, "Decode": pb.DecodeRequest, "Pull": pb.PullRequest, "Settle": pb.SettleRequest}
    answers = {"Configure": pb.ConfigureResponse, "Decode": pb.DecodeResponse, "Pull": pb.PullResponse, "Settle": pb.SettleResponse}
    empty = lambda b: b  # noqa: E731
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("mashang.adapter.v1.Adapter", {
            n: _unary(getattr(service, n), names[n], answers[n]) for n in names}),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
            # HealthCheckResponse{status: SERVING}
            "Check": grpc.unary_unary_rpc_method_handler(lambda r, c: b"\x08\x01", empty, empty)}),
        grpc.method_handlers_generic_handler("plugin.GRPCController", {
            "Shutdown": grpc.unary_unary_rpc_method_handler(lambda r, c: (done.set(), b"")[1], empty, empty)}),
    ))
    path = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "adapter.sock")
    server.add_insecure_port("unix:" + path)
    server.start()
    print("1|1|unix|%s|grpc" % path, flush=True)
    parent = os.getppid()
    while not done.wait(1) and os.getppid() == parent:
        pass
    server.stop(1)
    time.sleep(0.1)
