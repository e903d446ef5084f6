#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets of every sort, and who holds them: each row of the tables joined to the right processes and descriptors."""
import collections

import odd
import snapshot
from checks import equal, finish, holds

PORT = 7001


def ends(record):
    """(local, remote) of a row, as people write them."""
    return tuple(f"{record[end]['ip']}:{record[end]['port']}" if end in record else None
                 for end in ("source", "destination"))


def sorted_owners(owners):
    return sorted(owners, key=lambda owner: (owner["pid"], owner["fd"]))


def table_of(record):
    return next(kind for kind in record["proc"] if kind.startswith("net_") and kind != "net_namespace")


class Sockets:
    def __init__(self, bundle, process):
        self.bundle, self.process, self.records = bundle, process, bundle.records("socket")
        self.ids = {record["process"]["pid"]: record["process"]["entity_id"] for record in bundle.records("process")}

    def owners(self, *pairs):
        """What the record of a socket must say of these (pid, descriptor) pairs."""
        return sorted_owners({"pid": pid, "entity_id": self.ids[pid], "fd": fd} for pid, fd in pairs)

    def inode(self, fd):
        return int(self.process.link(f"fd/{fd}").removeprefix(b"socket:[").removesuffix(b"]"))

    def row(self, table, state, local, remote):
        found = [record for record in self.records if table_of(record) == table and ends(record) == (local, remote)
                 and record["proc"][table].get("state") == state]
        return found[0] if len(found) == 1 else {"proc": {table: {}, "rows found": len(found)}}

    def check(self, what, table, state, local, remote, fd):
        """A row held by our process alone, at that descriptor (and by its child as well, where there is one)."""
        proc = self.row(table, state, local, remote)["proc"]
        holders = [(self.process.pid, fd)] + ([(self.process.child, fd)] if fd <= self.process.server else [])
        equal(f"{what}: owners", self.owners(*holders), sorted_owners(proc.get("owners", [])))
        equal(f"{what}: inode", self.inode(fd), proc[table].get("inode"))


def check_inet(sockets, p):
    own, listener, any4, any6 = "127.0.0.1:{}", "127.0.0.1:7001", "0.0.0.0:0", ":::0"
    client = own.format(p.client_port)
    sockets.check("TCP listener", "net_tcp", "LISTEN", listener, any4, p.listener)
    sockets.check("TCP connection, the end that called", "net_tcp", "ESTABLISHED", client, listener, p.client)
    sockets.check("TCP connection, the end that was called", "net_tcp", "ESTABLISHED", listener, client, p.server)
    sockets.check("TCP connection that nobody has accepted, the end that called", "net_tcp", "ESTABLISHED",
                  own.format(p.early_port), listener, p.early)
    sockets.check("UDP socket", "net_udp", "CLOSE", own.format(PORT + 1), any4, p.udp)
    if p.v6 >= 0:
        sockets.check("TCP listener, IPv6", "net_tcp6", "LISTEN", f":::{PORT + 2}", any6, p.v6)
    for what, state, local, remote in (
            ("TCP connection that nobody has accepted", "ESTABLISHED", listener, own.format(p.early_port)),
            ("TCP connection that lingers", "TIME_WAIT", own.format(p.lingering_port), own.format(PORT + 3))):
        proc = sockets.row("net_tcp", state, local, remote)["proc"]
        equal(f"{what}: nobody holds it, and why", (0, [], "no inode"),
              (proc["net_tcp"].get("inode"), proc.get("owners"), proc.get("owner_absent")))


def check_unix(sockets, p):
    rows = {}
    for record in sockets.records:
        if table_of(record) == "net_unix":
            rows.setdefault(record["proc"]["net_unix"]["inode"], []).append(record["proc"])
    for what, fd in (("one end of a pair", p.left), ("the other end", p.right)):
        found = rows.get(sockets.inode(fd), [])
        equal(f"unix sockets, {what}: connected, no name, owner", [("CONNECTED", None, sockets.owners((p.pid, fd)))],
              [(proc["net_unix"]["state"], proc["net_unix"].get("path"), proc["owners"]) for proc in found])
    found = rows.get(sockets.inode(p.odd), [])
    equal("abstract unix socket with a newline in its name: name, and owner",
          [(b"@odd\nname", sockets.owners((p.pid, p.odd)))],
          [(snapshot.exact(proc["net_unix"], "path"), proc["owners"]) for proc in found])
    found = rows.get(sockets.inode(p.liar), [])
    equal("unix socket whose name looks like a row: its own row, and owner", [(b"@x", sockets.owners((p.pid, p.liar)))],
          [(snapshot.exact(proc["net_unix"], "path"), proc["owners"]) for proc in found])
    equal("the row that it forged: nobody holds it", [([], "not in view")],
          [(proc["owners"], proc["owner_absent"]) for proc in rows.get(99999, [])])


def check_rows(sockets):
    """Every row of every table is a record: none is lost, none told twice."""
    seen = collections.Counter(table_of(record) for record in sockets.records)
    for table in ("tcp", "tcp6", "udp", "udp6"):
        text = sockets.bundle.members[f"data/proc/net/{table}"]
        equal(f"rows of net/{table}", text.count(b"\n") - 1, seen[f"net_{table}"])
    namespace = sockets.bundle.meta["host"]["net_namespace"]
    equal("each record names the network namespace", {namespace},
          {record["proc"]["net_namespace"] for record in sockets.records})
    equal("each record leads to the raw bytes", [], [record["proc"]["source"] for record in sockets.records
                                                    if record["proc"]["source"][0] not in sockets.bundle.members])
    sources = {fd["proc"].get("inode") for fd in sockets.bundle.records("fd") if fd["proc"]["class"] == "socket"}
    owned = {record["proc"][table_of(record)]["inode"] for record in sockets.records if record["proc"]["owners"]}
    holds("no row has an owner without a descriptor of that inode", owned <= sources, owned - sources)


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    process = odd.Odd("sockets", PORT)
    sockets = Sockets(snapshot.collect(folder.name), process)
    check_inet(sockets, process)
    check_unix(sockets, process)
    check_rows(sockets)
    finish()


main()
