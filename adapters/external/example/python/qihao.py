"""第七个渠道的例子：对方推送「编号|内容|电话|时间」一行一件（UTF-8 或 GB18030），
或者把同样的行写进一个文件，由这里去取；cursor 是已经取过的行数。"""

from mashang_adapter import Adapter, Refused, Submission, serve


def text_of(data):
    """准确读出文字，读不出就拒收，绝不替换。"""
    for charset in ("utf-8", "gb18030"):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            pass
    raise Refused("内容不是 UTF-8 或 GB18030")


def read(line):
    fields = line.split("|")
    if len(fields) < 2 or not fields[0]:
        raise Refused("每行应为 编号|内容|电话|时间")
    fields += ["", ""]
    return Submission(external_id=fields[0], text=fields[1], phone=fields[2], submitted_at=fields[3],
                      raw=line.encode(), media_type="text/plain")


class Qihao(Adapter):
    def configure(self, channel, config):
        self.file = config.get("file", "")
        self.pulls = bool(self.file)

    def decode(self, body, media_type, name):
        return [read(line) for line in text_of(body).split("\n") if line.strip()]

    def pull(self, cursor, limit):
        try:
            with open(self.file, "rb") as f:
                lines = [x for x in f.read().split(b"\n") if x.strip()]
        except FileNotFoundError:
            return [], cursor, False
        start = int(cursor or 0)
        items = []
        for line in lines[start:start + limit]:
            try:
                items.append(read(text_of(line)))
            except Refused:  # 没有编号和内容的来件会进死信
                items.append(Submission(raw=line, media_type="text/plain"))
        return items, str(start + len(items)), start + len(items) < len(lines)


serve(Qihao())
