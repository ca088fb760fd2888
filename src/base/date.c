// Calendar days and HTTP dates, without a C library's time zone.
#include "base/date.h"

static int number(str digits)
{
    int64_t value = -1;
    return str_parse_u63(digits, &value) ? (int)value : -1;
}

static int days_in(int year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool is_day(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

bool date_is_day(str text)
{
    if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-')
        return false;
    return is_day(number(str_slice(text, 0, 4)), number(str_slice(text, 5, 7)), number(str_slice(text, 8, 10)));
}

// Days from 1970-01-01, counting years from March so that the leap day comes last.
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era_day = y * 365 + y / 4 - y / 100 + y / 400;
    int64_t month_day = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
    return era_day + month_day + day - 1 - 719468;
}

static int month_number(str name)
{
    static const str months[] = {STR("Jan"), STR("Feb"), STR("Mar"), STR("Apr"), STR("May"), STR("Jun"),
                                 STR("Jul"), STR("Aug"), STR("Sep"), STR("Oct"), STR("Nov"), STR("Dec")};
    for (int i = 0; i < 12; i++) {
        if (str_eq(name, months[i]))
            return i + 1;
    }
    return 0;
}

static bool is_weekday(str name)
{
    static const str weekdays[] = {STR("Mon"), STR("Tue"), STR("Wed"), STR("Thu"), STR("Fri"), STR("Sat"), STR("Sun")};
    for (int i = 0; i < 7; i++) {
        if (str_eq(name, weekdays[i]))
            return true;
    }
    return false;
}

int64_t date_parse_http(str text)
{
    if (text.len != 29 || !is_weekday(str_slice(text, 0, 3)) || !str_eq(str_slice(text, 3, 5), S(", ")) ||
        text.at[7] != ' ' || text.at[11] != ' ' || text.at[16] != ' ' || text.at[19] != ':' || text.at[22] != ':' ||
        !str_eq(str_slice(text, 25, 29), S(" GMT")))
        return -1;
    int day = number(str_slice(text, 5, 7));
    int month = month_number(str_slice(text, 8, 11));
    int year = number(str_slice(text, 12, 16));
    int hour = number(str_slice(text, 17, 19));
    int minute = number(str_slice(text, 20, 22));
    int second = number(str_slice(text, 23, 25));
    if (!is_day(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    return (days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * 1000;
}
