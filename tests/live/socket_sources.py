#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Socket tables from two sources: rows that a name pretends to be are unverified, all real sockets are confirmed."""
import os
import socket

import odd
import snapshot
from checks import equal, finish, holds

FORGED = b"0000000000000000: 00000002 00000000 00010000 0001 01 %5d /run/%s.sock"


def rows(bundle, kind, **wanted):
    """Socket records of our own namespace that came from that table, and whose row has these values."""
    own = bundle.meta["host"]["net_namespace"]
    return [record["proc"] for record in bundle.records("socket")
            if record["proc"].get("net_namespace") == own and kind in record["proc"]
            and all(record["proc"][kind].get(key) == value for key, value in wanted.items())]


def check_unix(bundle, liar, real, pair):
    forged = rows(bundle, "net_unix", path="/run/forged.sock")
    equal("a row that a name forged: unverified, and without an owner", [(31337, True, "not in view")],
          [(r["net_unix"]["inode"], r.get("unverified"), r.get("owner_absent")) for r in forged])
    copied = rows(bundle, "net_unix", inode=real)
    equal("a forged row with the inode of a real socket: one of the two is unverified", [False, True],
          sorted(r.get("unverified", False) for r in copied))
    equal("and that one is the forged one", ["/run/copy.sock"],
          [r["net_unix"]["path"] for r in copied if r.get("unverified")])
    for inode, name in liar.items():
        own, = rows(bundle, "net_unix", inode=inode)
        equal("a socket that lies: confirmed, with its whole name", (False, name),
              (own.get("unverified", False), snapshot.exact(own, "name")))
    peers = [rows(bundle, "net_unix", inode=inode)[0].get("peer_inode") for inode in pair]
    equal("the two ends of a pair name each other", list(reversed(pair)), peers)


def check_inet(bundle, listener, bound):
    confirmed = [r for kind in ("net_tcp", "net_tcp6", "net_udp", "net_udp6") for r in rows(bundle, kind)]
    equal("no row of TCP and UDP is unverified", [], [r for r in confirmed if r.get("unverified")])
    equal("the listener, once", 1, len(rows(bundle, "net_tcp", inode=listener)))
    # A socket that is bound and does nothing stands in no table of /proc (the kernel's answer has it since 6.8).
    unlisted = rows(bundle, "sock_diag_tcp", inode=bound)
    holds("a socket that is only bound: in no table of /proc, unlisted where the kernel tells of it",
          all(r["unlisted"] and r["sock_diag_tcp"]["state"] in ("CLOSE", "BOUND_INACTIVE") and r["owners"] for r in unlisted),
          unlisted)


def listening(name):
    made = socket.socket(socket.AF_UNIX)
    made.bind(name)
    made.listen()
    return made


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    inode = lambda s: os.fstat(s.fileno()).st_ino
    real = listening(os.path.join(folder.name, "real").encode())
    lies = [b"\0a\n" + FORGED % (31337, b"forged"), b"\0b\n" + FORGED % (inode(real), b"copy")]
    liars = [listening(name) for name in lies]
    pair = socket.socketpair()
    listener, bound, six, udp = (socket.socket(family, kind) for family, kind in (
        (socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_STREAM),
        (socket.AF_INET6, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)))
    listener.bind(("0.0.0.0", 7001)), listener.listen()
    bound.bind(("0.0.0.0", 7002)), udp.bind(("0.0.0.0", 7003))
    six.bind(("::", 7004)), six.listen()
    many = [socket.socketpair() for _ in range(8000)]  # an answer of many messages, and of more than one part
    bundle = snapshot.collect(folder.name)
    check_unix(bundle, dict(zip(map(inode, liars), lies)), inode(real), [inode(end) for end in pair])
    check_inet(bundle, inode(listener), inode(bound))
    line, = [line for line in bundle.lines if line.reader == "prober"]
    capture, = [c for c in line.captures if c.name == "facts/sock_diag/unix"]
    holds("the answer of 16000 sockets comes in parts", len(capture.entries) > 1, list(capture.entries))
    equal("and all of them are confirmed", 2,
          sum(r.get("unverified", False) for r in rows(bundle, "net_unix")) + len(rows(bundle, "sock_diag_unix")))
    del many
    card = snapshot.collect(folder.name, "--profile", "card")
    equal("--profile card asks for TCP alone", ["facts/sock_diag/tcp", "facts/sock_diag/tcp6", "facts/ecs/container",
          "facts/ecs/task"], card.meta["plan"]["prober"])
    finish()


main()
