/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/push_outcome.h"

#include <string.h>

#include "collector/commands/commands.h"
#include "collector/commands/receipt_file.h"
#include "collector/terminal.h"
#include "formats/json.h"
#include "formats/printable.h"

static void print_json(const struct ps_push_outcome *o)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);
    struct ps_span receipt = ps_buffer_span(&o->receipt);
    bool delivered = o->status == PS_EXIT_OK;

    ps_json_object(&j, NULL);
    ps_json_bytes(&j, "file", ps_span_text(o->path));
    ps_json_bool(&j, "delivered", delivered);
    ps_json_i64(&j, "exit", o->status);
    if (o->err.text[0] == '\0')
        ps_json_null(&j, "error");
    else
        ps_json_bytes(&j, "error", ps_span_text(o->err.text));
    if (receipt.len > 0)
        ps_json_raw(&j, "receipt", ps_span_of(receipt.data, receipt.len - 1));
    else
        ps_json_null(&j, "receipt");
    if (o->unsent.len > 0)
        ps_json_bytes(&j, "minisig", o->unsent);
    ps_json_object_end(&j);
    ps_buffer_add_byte(&out, '\n');
    ps_print_json(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
}

static void print_delivered(const struct ps_push_outcome *o)
{
    struct ps_buffer out = {0};

    ps_buffer_add_text(&out, "delivered: ");
    ps_printable_add(&out, ps_span_text(o->path));
    ps_buffer_add_text(&out, " to ");
    ps_printable_add(&out, ps_span_of(o->dest, strcspn(o->dest, "?#")));
    ps_buffer_add_byte(&out, '\n');
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
}

static void print_text(const struct ps_push_outcome *o)
{
    if (o->status == PS_EXIT_OK)
        print_delivered(o);
    if (o->unsent.len > 0) {
        ps_print_text(PS_STDERR, "its signature was not sent, for there is no --signature-url; keep it:\n");
        ps_print(PS_STDERR, o->unsent);
    }
}

void ps_push_outcome_print(const struct ps_push_outcome *o, bool json)
{
    if (o->err.text[0] != '\0')
        ps_print_error(&o->err);
    if (o->end == PS_DELIVERED_PROBABLY || o->status == PS_EXIT_NOT_DELIVERED) {
        struct ps_buffer line = {0};
        ps_buffer_add_text(&line, "procsnap: ");
        ps_printable_add(&line, ps_span_text(o->path));
        ps_buffer_add_text(&line, o->end == PS_DELIVERED_PROBABLY ? " is probably delivered" : " is not delivered");
        ps_buffer_add_text(&line, "; it stays where it is, and can be pushed again\n");
        ps_print(PS_STDERR, ps_buffer_span(&line));
        ps_buffer_done(&line);
    }
    if (json)
        print_json(o);
    else
        print_text(o);
}

bool ps_push_outcome_keep(const struct ps_push_outcome *o, const char *name, int receipts)
{
    struct ps_error err;

    if (receipts < 0 || o->end != PS_DELIVERED)
        return true;
    if (ps_receipt_file_add(receipts, name, ps_buffer_span(&o->receipt), &err))
        return true;
    ps_print_error(&err);
    ps_print_json(PS_STDERR, ps_buffer_span(&o->receipt));
    return false;
}
