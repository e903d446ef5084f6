# SPDX-License-Identifier: Apache-2.0
"""A copied /proc tree (proc_copy.py) behind a file system that takes some requests and never answers them.

Whoever waits for such an answer cannot be killed, not even by SIGKILL: it stays until the connection ends. The server
is one process, which alone holds the descriptor of the connection and ends by itself.
"""
import ctypes
import errno
import os
import signal
import stat
import struct
import traceback

from checks import skip

# The protocol of the kernel (linux/fuse.h, 7.31): the requests that are answered here.
LOOKUP, FORGET, GETATTR, READLINK, OPEN, READ = 1, 2, 3, 5, 14, 15
RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 18, 25, 26, 27, 28, 29, 36, 42
HEADER, ATTRIBUTES = struct.Struct("<IIQQIIII"), struct.Struct("<6Q10I")
NAMES = {LOOKUP: "LOOKUP", OPEN: "OPEN", READ: "READ", READDIR: "READDIR"}
ROOT, VALID_S, LIFE_S = 1, 60, 120
DIRECT_IO, PARALLEL_LOOKUPS = 1, 1 << 18
SILENT = {FORGET, BATCH_FORGET, INTERRUPT}


def below(path, body):
    """What a LOOKUP in that directory asks for."""
    return f"{path}/{body.rstrip(bytes(1)).decode()}".lstrip("/")


class _Server:
    """Answers the requests of one mount, but for those that are in `frozen`: (request, path)."""

    def __init__(self, device, tree, frozen):
        self.device, self.tree, self.frozen = device, tree, frozen
        self.children = {"": {}}
        for path in sorted(tree):
            while path:
                above, _, name = path.rpartition("/")
                self.children.setdefault(above, {})[name] = path
                path = above
        self.paths = dict(enumerate(["", *sorted({*tree, *self.children} - {""})], ROOT))
        self.nodes = {path: node for node, path in self.paths.items()}

    def attributes(self, node):
        path = self.paths[node]
        kind = self.tree.get(path)
        mode = stat.S_IFDIR if kind is None else stat.S_IFREG if isinstance(kind, bytes) else stat.S_IFLNK
        return ATTRIBUTES.pack(node, 0, 0, 0, 0, 0, 0, 0, 0, mode | 0o555, 1, 0, 0, 0, 4096, 0)

    def lookup(self, path, body):
        node = self.nodes.get(below(path, body))
        if node is None:
            return -errno.ENOENT
        return struct.pack("<QQQQII", node, 0, 0, VALID_S, 0, 0) + self.attributes(node)

    def list(self, path, offset):
        names = list(self.children[path].items())
        out = b""
        for at, (name, child) in enumerate(names[offset:offset + 32], offset + 1):
            entry = struct.pack("<QQII", self.nodes[child], at, len(name), 0) + name.encode()
            out += entry + bytes(-len(entry) % 8)
        return out

    def answer(self, request, node, body):
        path = self.paths.get(node)  # INIT has no node
        if request == INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, PARALLEL_LOOKUPS, 64, 64, 4096, 1, 0, 0, 0)
        if request == LOOKUP:
            return self.lookup(path, body)
        if request == GETATTR:
            return struct.pack("<QII", VALID_S, 0, 0) + self.attributes(node)
        if request == READLINK:
            return self.tree[path].encode()
        if request in (OPEN, OPENDIR):
            return struct.pack("<QII", 1, DIRECT_IO if request == OPEN else 0, 0)
        if request in (READ, READDIR):
            _, offset, size = struct.unpack_from("<QQI", body)
            return self.tree[path][offset:offset + size] if request == READ else self.list(path, offset)
        return b"" if request in (RELEASE, RELEASEDIR, FLUSH) else -errno.ENOSYS

    def is_frozen(self, request, node, body):
        path = self.paths.get(node, "")
        if request == LOOKUP:
            path = below(path, body)
        return request in SILENT or (request, path) in self.frozen

    def serve(self):
        while True:
            try:
                data = os.read(self.device, 1 << 17)
            except InterruptedError:
                continue
            except OSError:  # unmounted
                return
            _, request, unique, node, *_ = HEADER.unpack_from(data)
            body = data[HEADER.size:]
            if self.is_frozen(request, node, body):
                continue
            made = self.answer(request, node, body)
            error, made = (made, b"") if isinstance(made, int) else (0, made)
            try:
                os.write(self.device, struct.pack("<IiQ", 16 + len(made), error, unique) + made)
            except FileNotFoundError:  # the one who asked was interrupted
                pass


class FrozenTree:
    """A mount of `tree` at `where`, in which the requests in `frozen` hang; `end` lets go of all who wait."""

    def __init__(self, where, tree, frozen):
        os.makedirs(where, exist_ok=True)
        self.where = where
        mounted, tell = os.pipe()
        self.server = os.fork()
        if self.server == 0:
            self._serve(tree, frozen, tell)
        os.close(tell)
        with os.fdopen(mounted, "rb") as pipe:
            if pipe.read() != b"mounted":
                os.waitpid(self.server, 0)
                skip("no file system can be made to stall here (/dev/fuse)")

    def _serve(self, tree, frozen, tell):
        status = 1
        try:
            signal.alarm(LIFE_S)
            device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
            options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
            if ctypes.CDLL(None).mount(b"frozen", os.fsencode(self.where), b"fuse", 6, options) == 0:
                os.write(tell, b"mounted")
                os.close(tell)
                _Server(device, tree, frozen).serve()
                status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def end(self):
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        ctypes.CDLL(None).umount2(os.fsencode(self.where), 2)
