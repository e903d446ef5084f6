# SPDX-License-Identifier: Apache-2.0
"""Reads with psutil what the files of the standard profile tell: parsed, neither kept raw nor hashed nor packed."""
import json

import psutil

FIELDS = ["cmdline", "cpu_times", "create_time", "cwd", "environ", "exe", "gids", "io_counters", "memory_info",
          "memory_maps", "name", "nice", "num_ctx_switches", "num_fds", "num_threads", "open_files", "pid", "ppid",
          "status", "terminal", "uids", "username"]

processes = [process.info for process in psutil.process_iter(FIELDS)]
connections = psutil.net_connections("all")
text = json.dumps([processes, connections])
print(len(processes), "processes", len(connections), "connections", len(text), "bytes")
