# SPDX-License-Identifier: Apache-2.0
"""A copy of what /proc says of a few processes, as somebody would save it: {path: bytes, or the target of a link}."""
import os

FILES = ("stat", "status", "comm", "statm", "limits", "cgroup", "mountinfo", "cmdline", "environ", "maps", "io")
GLOBAL_FILES = ("stat", "uptime", "loadavg", "net/tcp", "sys/kernel/random/boot_id")
LINKS = ("exe", "cwd", "root")
FAMILIES = ("fd", "fdinfo", "ns")


def take(pids):
    tree = {}
    for name in (*GLOBAL_FILES, *(f"{pid}/{name}" for pid in pids for name in FILES)):
        with open(f"/proc/{name}", "rb") as file:
            tree[name] = file.read()
    for pid in pids:
        for name in LINKS:
            tree[f"{pid}/{name}"] = os.readlink(f"/proc/{pid}/{name}")
        for family in FAMILIES:
            for name in os.listdir(f"/proc/{pid}/{family}"):
                path = f"{pid}/{family}/{name}"
                if family == "fdinfo":
                    with open(f"/proc/{path}", "rb") as file:
                        tree[path] = file.read()
                else:
                    tree[path] = os.readlink(f"/proc/{path}")
    return tree


def write(tree, where):
    for name, content in tree.items():
        path = os.path.join(where, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, bytes):
            with open(path, "wb") as file:
                file.write(content)
        else:
            os.symlink(content, path)
