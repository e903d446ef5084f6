/* SPDX-License-Identifier: Apache-2.0
 *
 * Which directories a process may still open files in (Landlock, Linux 5.13): what a seccomp filter, which sees no
 * names, cannot say.
 */
#ifndef PS_FOLDERS_H
#define PS_FOLDERS_H

/* From here on files can be opened below `readable` alone, and new files, directories and links made below `writable`
 * alone; both are descriptors of directories, borrowed, or -1 for none. What is open stays open. Sets no_new_privs; no
 * way back. 0, or the errno of a kernel or a container that has none of this; then nothing has changed. Before
 * ps_sandbox_enter, whose roles cannot do this any more; built where that is. */
int ps_sandbox_folders(int readable, int writable);

#endif
