// The cases, by what they are about.
#include "json_cases.h"

#include <string.h>

#include "check.h"
#include "fake_host.h"

#define VALUE "a value was expected"
#define DIGIT "a digit was expected"
#define STRING "a string was expected"
#define COMMA "a comma or the closing bracket was expected"
#define FOLLOWS "something follows the value"
#define UTF8 "invalid UTF-8"
#define HALF "half of a surrogate pair"
#define RANGE "a number beyond the range of a double"
#define NUL "a NUL character"
#define HEX "a \\u escape without four hexadecimal digits"
#define CONTROL "a control character in a string"
#define ESCAPE "an unknown escape in a string"
#define END "a string without an end"

const json_case json_cases[] = {
    // Structure
    {"{}", NULL},
    {"[]", NULL},
    {" \t\r\n[ ] \n", NULL},
    {"[1]", NULL},
    {"[1,2]", NULL},
    {"{\"a\":1}", NULL},
    {"{ \"a\" : 1 , \"b\" : [ { } ] }", NULL},
    {"{\"\":0}", NULL},
    {"[[],[[]]]", NULL},
    {"", VALUE},
    {" ", VALUE},
    {"[", VALUE},
    {"[1", COMMA},
    {"[1,", VALUE},
    {"[1,]", VALUE},
    {"[,1]", VALUE},
    {"[1,,2]", VALUE},
    {"[1 2]", COMMA},
    {"[1}", COMMA},
    {"]", VALUE},
    {"{", STRING},
    {"{\"a\"", "a colon was expected"},
    {"{\"a\":", VALUE},
    {"{\"a\":1", COMMA},
    {"{\"a\":1,", STRING},
    {"{\"a\":1,}", STRING},
    {"{,\"a\":1}", STRING},
    {"{\"a\" 1}", "a colon was expected"},
    {"{\"a\",1}", "a colon was expected"},
    {"{a:1}", STRING},
    {"{'a':1}", STRING},
    {"{1:1}", STRING},
    {"{\"a\":1]", COMMA},
    {"{\"a\"::1}", VALUE},
    {"[] []", FOLLOWS},
    {"[]]", FOLLOWS},
    {"1 2", FOLLOWS},
    {"{}x", FOLLOWS},
    {"\"a\"\"b\"", FOLLOWS},
    {"[]//", FOLLOWS},
    {"/**/[]", VALUE},
    {"\xef\xbb\xbf[]", VALUE}, // a byte order mark
    {"\f[]", VALUE},
    {"\xc2\xa0[]", VALUE},
    // Words
    {"true", NULL},
    {"false", NULL},
    {"null", NULL},
    {"[true,false,null]", NULL},
    {"True", VALUE},
    {"TRUE", VALUE},
    {"tru", VALUE},
    {"truee", FOLLOWS},
    {"nul", VALUE},
    {"undefined", VALUE},
    {"NaN", VALUE},
    {"[NaN]", VALUE},
    {"Infinity", VALUE},
    {"[-Infinity]", DIGIT},
    {"nan", VALUE},
    // Numbers
    {"0", NULL},
    {"-0", NULL},
    {"10", NULL},
    {"-1.5", NULL},
    {"0.0", NULL},
    {"1e5", NULL},
    {"1E5", NULL},
    {"1e+5", NULL},
    {"1e-5", NULL},
    {"0e0", NULL},
    {"0e999999999999", NULL},
    {"1e-999999999999", NULL},
    {"123456789012345678901234567890", NULL},
    {"1.7976931348623157e308", NULL},
    {"-1.7976931348623157E+308", NULL},
    {"17976931348623157e292", NULL},
    {"0.00017976931348623157e312", NULL},
    {"1.7976931348623158e308", NULL}, // rounds down to the largest
    {"1.7976931348623159e308", RANGE},
    {"1.797693139e308", RANGE},
    {"1.8e308", RANGE},
    {"-1.8e308", RANGE},
    {"1e309", RANGE},
    {"1e999999999999999999999", RANGE},
    {"10e308", RANGE},
    {"[1e400]", RANGE},
    {"-", DIGIT},
    {"+1", VALUE},
    {"--1", DIGIT},
    {".5", VALUE},
    {"-.5", DIGIT},
    {"5.", DIGIT},
    {"5.e1", DIGIT},
    {"1e", DIGIT},
    {"1e+", DIGIT},
    {"1e5.0", FOLLOWS},
    {"01", "a number with a leading zero"},
    {"-01", "a number with a leading zero"},
    {"00", "a number with a leading zero"},
    {"0x10", FOLLOWS},
    {"1_000", FOLLOWS},
    {"1,000", FOLLOWS},
    {"\xef\xbc\x91", VALUE}, // a full-width digit
    // Strings
    {"\"\"", NULL},
    {"\"a\"", NULL},
    {"\"\x7f\"", NULL},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", NULL},
    {"\"\\u0061\\u00E9\\u20ac\"", NULL},
    {"\"é€😀\"", NULL},
    {"\"\\uFFFF\\uffff\"", NULL},
    {"\"\\u2028\"", NULL},
    {"\"", END},
    {"\"a", END},
    {"\"a\\\"", END},
    {"\"a\\", ESCAPE},
    {"'a'", VALUE},
    {"\"\n\"", CONTROL},
    {"\"\t\"", CONTROL},
    {"\"\x1f\"", CONTROL},
    {"\"\\a\"", ESCAPE},
    {"\"\\x41\"", ESCAPE},
    {"\"\\'\"", ESCAPE},
    {"\"\\U0041\"", ESCAPE},
    {"\"\\\n\"", ESCAPE},
    {"\"\\u\"", HEX},
    {"\"\\u00\"", HEX},
    {"\"\\u004\"", HEX},
    {"\"\\u004g\"", HEX},
    {"\"\\u 041\"", HEX},
    {"\"\\u", HEX},
    {"\"\\u0041", END},
    // NUL, in both spellings (a raw one has its own test)
    {"\"\\u0000\"", NUL},
    {"{\"a\\u0000b\":1}", NUL},
    // Surrogates
    {"\"\\uD83D\\uDE00\"", NULL},
    {"\"\\ud83d\\ude00\"", NULL},
    {"\"\\uD800\"", HALF},
    {"\"\\uDBFF\"", HALF},
    {"\"\\uDC00\"", HALF},
    {"\"\\uDFFF\\uD800\"", HALF},
    {"\"\\uD800\\uD800\"", HALF},
    {"\"\\uD800\\n\"", HALF},
    {"\"\\uD800x\"", HALF},
    {"\"\\uD800\\u0041\"", HALF},
    {"\"\\uD800\\u\"", HALF},
    {"\"\\uD800\\", HALF},
    {"\"\\uD800\\uDC0\"", HALF},
    // UTF-8
    {"\"\x80\"", UTF8},
    {"\"\xc3\"", UTF8},
    {"\"\xc3", UTF8},
    {"\"\xc0\xaf\"", UTF8},
    {"\"\xe0\x80\xaf\"", UTF8},
    {"\"\xed\xa0\x80\"", UTF8},
    {"\"\xed\xa0\xbd\xed\xb8\x80\"", UTF8},
    {"\"\xf4\x90\x80\x80\"", UTF8},
    {"\"\xff\"", UTF8},
    {"\"\xe9\"", UTF8}, // Latin-1
    {"{\"\xff\":1}", UTF8},
    {"[\xff]", VALUE},
};
const size_t json_case_count = ROWS(json_cases);

const char *json_nested(int depth, bool objects)
{
    const char *open = objects ? "{\"a\":" : "[";
    size_t step = strlen(open);
    char *text = fake_alloc((size_t)depth * (step + 1) + 2);
    char *at = text;
    for (int i = 0; i < depth; i++, at += step)
        memcpy(at, open, step);
    // The innermost object needs a value, the innermost array none.
    if (objects)
        *at++ = '0';
    memset(at, objects ? '}' : ']', (size_t)depth);
    at[depth] = 0;
    return text;
}
