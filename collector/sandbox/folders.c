/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sandbox/folders.h"

#include <errno.h>

#include "collector/sandbox/filter.h"

#if PS_SANDBOX_BUILT

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One number on every machine. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

enum {
    READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    MAKING = LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM,
    /* All that the first version knows: what is not named here is not forbidden. */
    ALL = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
          LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
          LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
          LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
          LANDLOCK_ACCESS_FS_MAKE_SYM
};

static int allow(int rules, int dir, unsigned access)
{
    const struct landlock_path_beneath_attr beneath = {.allowed_access = access, .parent_fd = dir};

    if (dir < 0 || syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0U) == 0)
        return 0;
    return errno;
}

/* To be asked about all of ALL; -1 with errno. */
static int new_rules(void)
{
    const struct landlock_ruleset_attr handled = {.handled_access_fs = ALL};

    return (int) syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0U);
}

static int obey(int rules)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0 || syscall(SYS_landlock_restrict_self, rules, 0U) != 0)
        return errno;
    return 0;
}

int ps_sandbox_folders(int readable, int writable)
{
    int rules = new_rules();

    if (rules < 0)
        return errno;
    int why = allow(rules, readable, READING);
    if (why == 0)
        why = allow(rules, writable, MAKING);
    if (why == 0)
        why = obey(rules);
    (void) close(rules);
    return why;
}

/* A rule for a directory would be one for all that is below. */
static void allow_file(int rules, const char *path)
{
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        (void) allow(rules, fd, LANDLOCK_ACCESS_FS_READ_FILE);
    (void) close(fd);
}

int ps_sandbox_files(const char *const *paths)
{
    int rules = new_rules();

    if (rules < 0)
        return errno;
    for (; *paths != NULL; paths++)
        allow_file(rules, *paths);
    int why = obey(rules);
    (void) close(rules);
    return why;
}

#else

/* A sanitizer opens files below /proc when it reports. */
int ps_sandbox_folders(int readable, int writable)
{
    (void) readable;
    (void) writable;
    return ENOSYS;
}

int ps_sandbox_files(const char *const *paths)
{
    (void) paths;
    return ENOSYS;
}

#endif
