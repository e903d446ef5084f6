/* SPDX-License-Identifier: Apache-2.0
 *
 * What `collect` says when it is done: text for the responder, or the JSON summary. Text only; the command prints it.
 * No string of the evidence is in it: sessions are logged, and the logs are read by others.
 */
#ifndef PS_COLLECT_VERDICT_H
#define PS_COLLECT_VERDICT_H

#include "collector/commands/remote.h"

void ps_collect_verdict_text(const struct ps_options *o, const struct ps_verdict *v,
                             const struct ps_remote_verdict *remote, struct ps_buffer *out);
/* One line. */
void ps_collect_verdict_json(const struct ps_options *o, const struct ps_verdict *v,
                             const struct ps_remote_verdict *remote, struct ps_buffer *out);
/* The same for a run that sealed nothing. */
void ps_collect_failure_json(const struct ps_error *err, struct ps_buffer *out);

#endif
