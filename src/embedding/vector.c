// The check of a vector.
#include "embedding/vector.h"

// FLT_MAX is 3.40282347e38; up to 3.402823567797336616e38 still rounds to it (IEEE 754 binary32). Below 1e-45 counts as
// zero, which the smallest number, 1.4e-45, is above.
static bool fits_float4(json_decimal size)
{
    return size.exponent < 38 || (size.exponent == 38 && json_digits(size) <= 3402823567797336615);
}

static bool is_zero_float4(json_decimal size)
{
    return size.mantissa.len == 0 || size.exponent < -45;
}

static bool read_numbers(json_reader *r, str *why)
{
    bool first = true, all_zero = true;
    int count = 0;
    if (!json_enter(r, '[')) {
        *why = S("not an array");
        return false;
    }
    for (; json_element(r, &first); count++) {
        str raw;
        json_decimal size;
        if (!json_number(r, &raw, &size)) {
            *why = S("an element is not a number");
            return false;
        }
        if (!fits_float4(size)) {
            *why = S("a number is out of range");
            return false;
        }
        all_zero = all_zero && is_zero_float4(size);
    }
    *why = r->fault.what                ? S("not readable")
           : count != VECTOR_DIMENSIONS ? S("not 768 numbers")
           : all_zero                   ? S("all zero")
                                        : S("");
    return why->len == 0;
}

bool vector_read(json_reader *r, str *vector, str *why)
{
    json_reader start = *r;
    if (!read_numbers(r, why)) {
        *r = start;
        return false;
    }
    *vector = str_trim(str_slice(r->text, start.at, r->at));
    return true;
}
