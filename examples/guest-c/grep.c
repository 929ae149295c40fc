/* Prints the lines of the input that match a pattern: the first line is the pattern, the others are searched.
 *
 * A pattern knows letters, `.`, a repetition `*` behind either, `^` at its start and `$` at its end. The exit code is
 * that of grep: 0 when a line matches, 1 when none does. */
#include "guest.h"

struct text {
    const char *at, *end;
};

static int match_here(struct text pattern, struct text line);

static int matches_one(char pattern, struct text line) {
    return line.at < line.end && (pattern == '.' || pattern == *line.at);
}

static int match_star(char repeated, struct text pattern, struct text line) {
    for (;;) {
        if (match_here(pattern, line)) return 1;
        if (!matches_one(repeated, line)) return 0;
        line.at++;
    }
}

static int match_here(struct text pattern, struct text line) {
    for (;;) {
        size_t left = pattern.end - pattern.at;
        if (left == 0) return 1;
        if (left >= 2 && pattern.at[1] == '*') {
            return match_star(pattern.at[0], (struct text){pattern.at + 2, pattern.end}, line);
        }
        if (left == 1 && pattern.at[0] == '$') return line.at == line.end;
        if (!matches_one(pattern.at[0], line)) return 0;
        pattern.at++;
        line.at++;
    }
}

static int match(struct text pattern, struct text line) {
    if (pattern.at < pattern.end && *pattern.at == '^') {
        pattern.at++;
        return match_here(pattern, line);
    }
    for (;; line.at++) {
        if (match_here(pattern, line)) return 1;
        if (line.at == line.end) return 0;
    }
}

static struct text next_line(struct text *rest) {
    struct text line = {rest->at, rest->at};
    while (line.end < rest->end && *line.end != '\n') line.end++;
    rest->at = line.end < rest->end ? line.end + 1 : line.end;
    return line;
}

int main(void) {
    size_t length;
    const char *bytes = input(&length);
    struct text rest = {bytes, bytes + length};
    struct text pattern = next_line(&rest);
    int found = 1;
    while (rest.at < rest.end) {
        struct text line = next_line(&rest);
        if (match(pattern, line)) {
            commit(line.at, line.end - line.at);
            commit("\n", 1);
            found = 0;
        }
    }
    return found;
}
