/* SPDX-License-Identifier: Apache-2.0
 *
 * A ustar header without libarchive, byte for byte as libarchive's writer makes it (a test compares the two): readers
 * of hostile bundles, and procsnap-core, need one page of code for it, not a library.
 */
#include "formats/tarball.h"

#include <string.h>

/* No name, no time, no flags, operating system unknown: nothing that could differ between two runs. */
const uint8_t ps_gzip_header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

/* Offsets and widths of POSIX.1-2008 pax, "ustar Interchange Format". */
enum {
    NAME_AT = 0,
    NAME_LEN = 100,
    MODE_AT = 100,
    UID_AT = 108,
    GID_AT = 116,
    SIZE_AT = 124,
    MTIME_AT = 136,
    CHECKSUM_AT = 148,
    TYPE_AT = 156,
    MAGIC_AT = 257,
    MAJOR_AT = 329,
    MINOR_AT = 337,
    PREFIX_AT = 345,
    PREFIX_LEN = 155,
};

/* With the version behind it. */
static const char magic[8] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};

static void put_octal(uint8_t *out, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value >>= 3)
        out[i] = (uint8_t) ('0' + (value & 7));
}

/* The earliest slash that leaves at most 100 bytes behind it, and something before it. */
static bool put_path(uint8_t *out, const char *path, size_t len)
{
    if (len <= NAME_LEN) {
        memcpy(out + NAME_AT, path, len);
        return true;
    }
    size_t slash = len - NAME_LEN - 1;
    if (slash == 0)
        slash = 1;
    while (slash < len && path[slash] != '/')
        slash++;
    if (slash + 1 >= len || slash > PREFIX_LEN)
        return false;
    memcpy(out + PREFIX_AT, path, slash);
    memcpy(out + NAME_AT, path + slash + 1, len - slash - 1);
    return true;
}

static uint64_t sum_of(const uint8_t *header)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < 512; i++)
        sum += header[i];
    return sum;
}

bool ps_tarball_header(const char *top, const char *name, uint64_t size, int64_t mtime, uint8_t out[512])
{
    char path[PREFIX_LEN + 1 + NAME_LEN + 1];
    size_t top_len = strlen(top), name_len = strlen(name), len = top_len + 1 + name_len;
    if (top_len == 0 || name_len == 0 || top_len >= sizeof path || name_len >= sizeof path || len >= sizeof path)
        return false;
    if (size > 077777777777 || mtime < 0 || mtime > 077777777777)
        return false;
    memcpy(path, top, top_len);
    path[top_len] = '/';
    memcpy(path + top_len + 1, name, name_len);

    uint8_t header[512] = {0};
    if (!put_path(header, path, len))
        return false;
    memcpy(header + MODE_AT, "000600 ", 7);
    memcpy(header + UID_AT, "000000 ", 7);
    memcpy(header + GID_AT, "000000 ", 7);
    put_octal(header + SIZE_AT, size, 11);
    header[SIZE_AT + 11] = ' ';
    put_octal(header + MTIME_AT, (uint64_t) mtime, 11);
    header[MTIME_AT + 11] = ' ';
    header[TYPE_AT] = '0';
    memcpy(header + MAGIC_AT, magic, sizeof magic);
    memcpy(header + MAJOR_AT, "000000 ", 7);
    memcpy(header + MINOR_AT, "000000 ", 7);
    /* The sum is made with blanks in its own place, and ends in NUL and blank. */
    memset(header + CHECKSUM_AT, ' ', 8);
    put_octal(header + CHECKSUM_AT, sum_of(header), 6);
    header[CHECKSUM_AT + 6] = '\0';
    memcpy(out, header, sizeof header);
    return true;
}
