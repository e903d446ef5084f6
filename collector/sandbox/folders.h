/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files a process may still open (Landlock, Linux 5.13): what a seccomp filter, which sees no names, cannot say.
 */
#ifndef PS_FOLDERS_H
#define PS_FOLDERS_H

/* From here on files can be opened below `readable` alone, and new files, directories and links made below `writable`
 * alone; both are descriptors of directories, borrowed, or -1 for none. What is open stays open. Sets no_new_privs; no
 * way back. 0, or the errno of a kernel or a container that has none of this; then nothing has changed. Before
 * ps_sandbox_enter, whose roles cannot do this any more; built where that is. */
int ps_sandbox_folders(int readable, int writable);

/* From here on these files alone can be opened, and only to be read; `paths` ends with NULL. Each is the file that is
 * there now, also behind links: what takes its name later is another one. A path that leads nowhere or to a directory
 * adds nothing. The rest is as above. */
int ps_sandbox_files(const char *const *paths);

#endif
