/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/sysctl_names.h"

const char *const ps_sysctl_names[] = {
    /* clang-format off */
    /* What an ECS task definition can set (systemControls): the IPC namespace */
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
    "kernel.shmmni", "kernel.shm_rmid_forced",
    "fs.mqueue.msg_default", "fs.mqueue.msg_max", "fs.mqueue.msgsize_default", "fs.mqueue.msgsize_max",
    "fs.mqueue.queues_max",
    /* and the network namespace */
    "net.core.somaxconn", "net.core.rmem_default", "net.core.rmem_max", "net.core.wmem_default", "net.core.wmem_max",
    "net.core.optmem_max", "net.core.netdev_max_backlog", "net.core.default_qdisc", "net.core.bpf_jit_enable",
    "net.core.bpf_jit_harden",
    "net.ipv4.ip_forward", "net.ipv4.ip_default_ttl", "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_nonlocal_bind",
    "net.ipv4.ip_no_pmtu_disc", "net.ipv4.ping_group_range", "net.ipv4.fwmark_reflect",
    "net.ipv4.icmp_echo_ignore_all", "net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv4.icmp_ratelimit",
    "net.ipv4.igmp_max_memberships",
    "net.ipv4.tcp_abort_on_overflow", "net.ipv4.tcp_congestion_control", "net.ipv4.tcp_available_congestion_control",
    "net.ipv4.tcp_allowed_congestion_control", "net.ipv4.tcp_ecn", "net.ipv4.tcp_fastopen",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_max_orphans", "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_mem", "net.ipv4.tcp_mtu_probing", "net.ipv4.tcp_no_metrics_save",
    "net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_retries1", "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_rfc1337", "net.ipv4.tcp_rmem", "net.ipv4.tcp_sack", "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syn_retries", "net.ipv4.tcp_synack_retries", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_user_timeout", "net.ipv4.tcp_window_scaling", "net.ipv4.tcp_wmem",
    "net.ipv4.udp_mem", "net.ipv4.udp_rmem_min", "net.ipv4.udp_wmem_min",
    "net.ipv4.conf.all.forwarding", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.all.secure_redirects", "net.ipv4.conf.all.send_redirects", "net.ipv4.conf.all.accept_source_route",
    "net.ipv4.conf.all.accept_local", "net.ipv4.conf.all.route_localnet", "net.ipv4.conf.all.proxy_arp",
    "net.ipv4.conf.all.arp_accept", "net.ipv4.conf.all.arp_ignore", "net.ipv4.conf.all.arp_announce",
    "net.ipv4.conf.all.log_martians",
    "net.ipv4.conf.default.forwarding", "net.ipv4.conf.default.rp_filter", "net.ipv4.conf.default.accept_redirects",
    "net.ipv4.conf.default.secure_redirects", "net.ipv4.conf.default.send_redirects",
    "net.ipv4.conf.default.accept_source_route", "net.ipv4.conf.default.route_localnet",
    "net.ipv6.bindv6only", "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.accept_ra", "net.ipv6.conf.all.accept_redirects", "net.ipv6.conf.all.accept_source_route",
    "net.ipv6.conf.all.proxy_ndp", "net.ipv6.conf.all.use_tempaddr", "net.ipv6.conf.default.disable_ipv6",
    "net.ipv6.conf.default.forwarding", "net.ipv6.conf.default.accept_ra", "net.ipv6.conf.default.accept_redirects",
    "net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_count", "net.unix.max_dgram_qlen",
    /* The kernel, and what hardens it or lets somebody hide in it */
    "kernel.ostype", "kernel.osrelease", "kernel.version", "kernel.hostname", "kernel.domainname", "kernel.tainted",
    "kernel.pid_max", "kernel.ns_last_pid", "kernel.threads-max", "kernel.cap_last_cap", "kernel.overflowuid",
    "kernel.overflowgid",
    "kernel.core_pattern", "kernel.core_pipe_limit", "kernel.core_uses_pid", "kernel.modprobe", "kernel.hotplug",
    "kernel.poweroff_cmd", "kernel.modules_disabled", "kernel.kexec_load_disabled", "kernel.usermodehelper.bset",
    "kernel.usermodehelper.inheritable",
    "kernel.randomize_va_space", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.perf_event_paranoid",
    "kernel.unprivileged_bpf_disabled", "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns", "kernel.io_uring_disabled", "kernel.yama.ptrace_scope",
    "kernel.seccomp.actions_avail", "kernel.sysrq", "kernel.ftrace_enabled", "kernel.bpf_stats_enabled",
    "kernel.panic", "kernel.panic_on_oops",
    "fs.suid_dumpable", "fs.protected_hardlinks", "fs.protected_symlinks", "fs.protected_fifos",
    "fs.protected_regular", "fs.file-max", "fs.file-nr", "fs.nr_open", "fs.inotify.max_user_watches",
    "fs.inotify.max_user_instances", "fs.binfmt_misc.status",
    "vm.overcommit_memory", "vm.overcommit_ratio", "vm.swappiness", "vm.max_map_count", "vm.mmap_min_addr",
    "vm.memfd_noexec", "vm.unprivileged_userfaultfd", "vm.legacy_va_layout",
    "user.max_user_namespaces", "user.max_pid_namespaces", "user.max_net_namespaces", "user.max_mnt_namespaces",
    /* clang-format on */
};

const size_t ps_sysctl_count = sizeof ps_sysctl_names / sizeof ps_sysctl_names[0];
