// base/date: calendar days and HTTP dates.
#include "base/date.h"
#include "check.h"
#include "fake_host.h"

static void days(void)
{
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"2024-01-01", true},  {"2024-12-31", true},  {"2024-02-29", true},     {"2023-02-29", false},
        {"1900-02-29", false}, {"2000-02-29", true},  {"0001-01-01", true},     {"9999-12-31", true},
        {"0000-01-01", false}, {"2024-00-10", false}, {"2024-13-10", false},    {"2024-10-00", false},
        {"2024-04-31", false}, {"2024-01-32", false}, {"2024-1-01", false},     {"24-01-01", false},
        {"2024/01/01", false}, {"2024-01-1", false},  {"2024-01-010", false},   {"", false},
        {"2024-01-0a", false}, {" 2024-01-1", false}, {"-024-01-01", false},    {"2024-01-01T00:00:00Z", false},
        {"+024-01-01", false}, {"20240101", false},   {"2024-01-1\xd9", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].text);
        CHECK(date_is_day(fake_exact(rows[i].text)) == rows[i].want);
    }
}

static void http_dates(void)
{
    static const struct {
        const char *text;
        int64_t want_s; // -1: refused
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 01 Jan 2026 00:00:00 GMT", 1767225600},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, // a leap second
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun Nov  6 08:49:37 1994", -1},
        {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
        {"Sun, 06 Nov 1994 08:49:37 gmt", -1},
        {"Sun, 06 nov 1994 08:49:37 GMT", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 31 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 24:00:00 GMT", -1},
        {"Sun, 06 Nov 1994 08:60:00 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
        {"Sun, 06-Nov-1994 08:49:37 GMT", -1},
        {"Sun,x06xNovx1994x08:49:37 GMT", -1},
        {"Xyz, 06 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
        {"", -1},
        {"120", -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].text);
        CHECK_INT(date_parse_http(fake_exact(rows[i].text)), rows[i].want_s < 0 ? -1 : rows[i].want_s * 1000);
    }
}

static const test tests[] = {{"days", days}, {"http dates", http_dates}};
const module date_tests = MODULE("date", tests);
