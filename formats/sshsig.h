/* SPDX-License-Identifier: Apache-2.0
 *
 * The same signature in the form that every machine with OpenSSH 8.1 can check (OpenSSH PROTOCOL.sshsig):
 *
 *   ssh-keygen -Y verify -f NAME.allowed_signers -I procsnap -n procsnap@v1 -s FILE.sshsig < FILE
 *
 * Always Ed25519, SHA-512, namespace procsnap@v1. The armor is the one that ssh-keygen writes, with 70 columns, so that
 * a key, a file and this format give exactly one text; ps_sshsig_verify accepts no other.
 */
#ifndef PS_SSHSIG_H
#define PS_SSHSIG_H

#include "formats/digest.h"
#include "formats/signing_key.h"

#define PS_SSHSIG_NAMESPACE "procsnap@v1"
#define PS_SSHSIG_PRINCIPAL "procsnap"

/* Appends the armored signature over a file with that SHA-512; out->failed when memory is out. */
void ps_sshsig_sign(const struct ps_signing_key *key, const uint8_t sha512[PS_SHA512_LEN], struct ps_buffer *out);

/* Good, malformed (*why: static text, else NULL), other key (the text holds the whole key, not only an id) or wrong. */
enum ps_signature ps_sshsig_verify(struct ps_span text, const struct ps_public_key *key,
                                   const uint8_t sha512[PS_SHA512_LEN], const char **why);

/* The first Ed25519 key in the text of an OpenSSH public key or allowed_signers file. It has no minisign key id (all
 * zero). False, with *out untouched, when there is none. */
PS_MUST_CHECK bool ps_ssh_public_key_read(struct ps_span text, struct ps_public_key *out);

/* Appends the line of an allowed_signers file that lets this key sign as PS_SSHSIG_PRINCIPAL in our namespace only. */
void ps_sshsig_allowed_signer(const struct ps_public_key *key, struct ps_buffer *out);

#endif
