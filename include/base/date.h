// Calendar days and HTTP dates.
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/str.h"

// Whether `text` is a day of the proleptic Gregorian calendar written YYYY-MM-DD, years 0001 to 9999 (ISO 8601, and
// what a Postgres `date` takes). Two such days compare like their texts.
bool date_is_day(str text);

// An IMF-fixdate such as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7) as milliseconds since 1970; -1 for
// anything else, the two obsolete formats included.
int64_t date_parse_http(str text);

#endif
