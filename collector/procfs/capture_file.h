/* SPDX-License-Identifier: Apache-2.0
 *
 * One file, one link, or all of a family, within a capture that is open; between the files of the capture alone. What
 * comes back is how it ended, with *error; nothing was sent when that is `denied`, and somebody else may try.
 */
#ifndef PS_CAPTURE_FILE_H
#define PS_CAPTURE_FILE_H

#include "collector/procfs/capture.h"

enum ps_outcome ps_capture_file(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name,
                                int *error);
/* *target lies in the ring, until the next frame. */
enum ps_outcome ps_capture_link(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name,
                                int *error, struct ps_span *target);
/* An entry that could not be read. */
void ps_capture_lost(struct ps_target *t, uint16_t row, const char *name, int error);
void ps_capture_lost_as(struct ps_target *t, uint16_t row, const char *name, enum ps_outcome outcome, int error);
/* Of a process that ends the kernel takes away one thing after the other: what is not there any more looks denied, or
 * wrong. What was denied while it lived, was. */
bool ps_capture_ended(struct ps_target *t);

/* Every link of a directory (ns). */
enum ps_outcome ps_capture_links(struct ps_target *t, uint16_t row, int *error);
/* fd and fdinfo of each descriptor, one after the other: the two belong together, and one listing serves both. */
enum ps_outcome ps_capture_fds(struct ps_target *t, uint16_t fd_row, uint16_t info_row, int *error,
                               enum ps_outcome *info, int *info_error);
/* settings.c: what is below sys. Dots of a name are slashes of its path. */
enum ps_outcome ps_capture_settings(struct ps_target *t, uint16_t row, int *error);

/* Who reads that row first; and, when it was denied, whether somebody else may try. */
void ps_capture_choose_for(struct ps_target *t, uint16_t row);
PS_MUST_CHECK bool ps_capture_other_for(struct ps_target *t, uint16_t row);

#endif
