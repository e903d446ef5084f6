/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory of its own for one test, filled with files.
 */
#ifndef PS_TEST_TREE_H
#define PS_TEST_TREE_H

struct tree {
    char path[64];
    int dir; /* open on path */
};

/* Each of these fails the running test when it cannot do its work. */
void tree_make(struct tree *t);
/* The file `path` below the tree holds `text`; the directories on the way are made. */
void tree_put(struct tree *t, const char *path, const char *text);
void tree_put_in(struct tree *t, const char *dir, const char *name, const char *text);
void tree_remove(struct tree *t);

#endif
