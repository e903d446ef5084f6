/* SPDX-License-Identifier: Apache-2.0
 *
 * Values out of a parsed JSON text, typed and bounded. Only for text that json_check.h has let through: numbers are
 * whole and exact then, keys are unique, strings hold no NUL.
 */
#ifndef PS_JSON_VALUE_H
#define PS_JSON_VALUE_H

#include <cjson/cJSON.h>

#include "formats/json_check.h"

/* Checks, then parses. NULL with *flaw filled in; else the caller's: cJSON_Delete. */
cJSON *ps_json_parse(struct ps_json_check *check, struct ps_span text, struct ps_json_flaw *flaw);
/* The member of that name, or NULL. */
const cJSON *ps_json_get(const cJSON *object, const char *name);
/* A string; NULL when it is none (or there is none). Lives as long as the tree. */
const char *ps_json_string(const cJSON *value);
/* A number, or a string of digits as ps_json_u64 writes what is beyond 2^53. False with *out untouched. */
PS_MUST_CHECK bool ps_json_number(const cJSON *value, uint64_t *out);
PS_MUST_CHECK bool ps_json_number32(const cJSON *value, uint32_t *out);
PS_MUST_CHECK bool ps_json_signed(const cJSON *value, int64_t *out);

#endif
