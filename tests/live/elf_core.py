# SPDX-License-Identifier: Apache-2.0
"""Reads a core file: a reader of its own, written from the System V ABI and core(5)."""
import bisect
import struct

PT_LOAD, PT_NOTE = 1, 4
NOTES = {3: "PRPSINFO", 6: "AUXV", 0x46494c45: "FILE"}


class Core:
    """`segments`: (address, bytes in the file, bytes in memory, flags, offset); `notes` by name."""

    def __init__(self, data):
        self.data = data
        if data[:7] != b"\x7fELF\x02\x01\x01" or struct.unpack_from("<H", data, 16)[0] != 4:
            raise ValueError("no core file")
        at, size, count = (struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54))
        self.segments, self.notes = [], {}
        for index in range(count):
            kind, flags, offset, address, _, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                                        at + index * size)
            if kind == PT_NOTE:
                self._read_notes(data[offset:offset + in_file])
            elif kind == PT_LOAD:
                self.segments.append((address, in_file, in_memory, flags, offset))
        self._stored = sorted((address, in_file, offset) for address, in_file, _, _, offset in self.segments if in_file)
        self.end = max(offset + in_file for _, in_file, _, _, offset in self.segments)

    def _read_notes(self, text):
        at = 0
        while at < len(text):
            name, length, kind = struct.unpack_from("<III", text, at)
            at += 12 + (name + 3) // 4 * 4
            self.notes[NOTES.get(kind, kind)] = text[at:at + length]
            at += (length + 3) // 4 * 4

    def areas(self):
        """Segments that follow each other without a gap and have the same rights, as one."""
        out = []
        for address, _, size, flags, _ in self.segments:
            if out and out[-1][1] == address and out[-1][2] == flags:
                out[-1] = (out[-1][0], address + size, flags)
            else:
                out.append((address, address + size, flags))
        return out

    def at(self, address, length):
        """Bytes of that address, or None where the file has none."""
        start, in_file, offset = self._stored[bisect.bisect_right(self._stored, (address, len(self.data) + 1)) - 1]
        if not start <= address <= address + length <= start + in_file:
            return None
        return self.data[offset + address - start:offset + address - start + length]

    def files(self):
        """(start, end, offset in pages, name) of the note of mapped files."""
        text = self.notes["FILE"]
        count = struct.unpack_from("<Q", text)[0]
        names = text[16 + 24 * count:].split(b"\0")
        return [(*struct.unpack_from("<QQQ", text, 16 + 24 * i), names[i]) for i in range(count)]
