/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collector/tree.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_make(struct tree *t)
{
    (void) snprintf(t->path, sizeof t->path, "/tmp/procsnap-test-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(t->path), NULL));
    t->dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert(ge(int, t->dir, 0));
}

static void make_parents(const struct tree *t, char *path)
{
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void) mkdirat(t->dir, path, 0700);
        *slash = '/';
    }
}

void tree_put(struct tree *t, const char *path, const char *text)
{
    char copy[512];

    (void) snprintf(copy, sizeof copy, "%s", path);
    make_parents(t, copy);
    int fd = openat(t->dir, copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(ge(int, fd, 0), "%s", path);
    cr_assert(eq(sz, (size_t) write(fd, text, strlen(text)), strlen(text)), "%s", path);
    (void) close(fd);
}

void tree_put_in(struct tree *t, const char *dir, const char *name, const char *text)
{
    char path[512];

    (void) snprintf(path, sizeof path, "%s/%s", dir, name);
    tree_put(t, path, text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void) st;
    (void) type;
    (void) at;
    return remove(path);
}

void tree_remove(struct tree *t)
{
    (void) close(t->dir);
    (void) nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
