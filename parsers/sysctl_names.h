/* SPDX-License-Identifier: Apache-2.0
 *
 * Which settings below /proc/sys are read, by the names of sysctl(8): "net.core.somaxconn" is
 * /proc/sys/net/core/somaxconn. No component of these names holds a dot. A fixed list, since a directory there has
 * hundreds of settings; the profile `deep` reads those too, without the keys among them (net.ipv4.tcp_fastopen_key).
 */
#ifndef PS_SYSCTL_NAMES_H
#define PS_SYSCTL_NAMES_H

#include <stddef.h>

extern const char *const ps_sysctl_names[];
extern const size_t ps_sysctl_count;

#endif
