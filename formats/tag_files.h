/* SPDX-License-Identifier: Apache-2.0
 *
 * The texts of the tag files that are not manifests (docs/BUNDLE.md section 8), and the trusted comment (section 9).
 */
#ifndef PS_TAG_FILES_H
#define PS_TAG_FILES_H

#include "formats/bundle_write.h"

#define PS_TAG_ENCRYPTED_TO "Encrypted-To" /* in bag-info.txt, once for each recipient */
#define PS_BAGIT_TEXT "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

/* What the tag files are about, besides the facts of the seal. */
struct ps_tagged {
    const char *bundle;
    uint64_t seq;
    const struct ps_age_recipients *to; /* NULL: not encrypted */
    uint64_t payload_bytes, payload_members;
};

/* Each appends the whole text. */
void ps_tag_bag_info(const struct ps_tagged *about, const struct ps_seal_facts *facts, struct ps_buffer *out);
void ps_tag_chain(const struct ps_tagged *about, const struct ps_seal_facts *facts, struct ps_buffer *out);
void ps_tag_custody(const struct ps_tagged *about, const struct ps_seal_facts *facts, struct ps_buffer *out);
/* `file`: the name of the signed file. What a comment cannot carry is left out of it. */
void ps_tag_trusted_comment(const struct ps_tagged *about, const struct ps_seal_facts *facts, const char *file,
                            struct ps_buffer *out);

#endif
