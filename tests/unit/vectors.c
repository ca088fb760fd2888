// Vectors and AI answers.
#include "vectors.h"

#include <string.h>

#include "base/buf.h"
#include "fake_host.h"

const char *vector_text(int count, const char *first)
{
    char *text = fake_alloc(strlen(first) + 2 * (size_t)count + 3);
    char *at = text;
    *at++ = '[';
    for (int i = 0; i < count; i++) {
        const char *number = i ? ",0" : first;
        memcpy(at, number, strlen(number));
        at += strlen(number);
    }
    memcpy(at, "]", 2);
    return text;
}

const char *ai_reply_of(const char *vectors)
{
    return fake_format("{\"shape\":[1,768],\"data\":[%s],\"pooling\":\"mean\"}", vectors);
}

const char *ai_reply(int count)
{
    buf all = buf_new(&fake.mem, 2048 * count);
    for (int i = 0; i < count; i++)
        buf_puts(&all, i ? S(",") : S(""), str_from_c(vector_text(768, fake_format("%d.5", i))));
    return ai_reply_of(fake_format("%.*s", (int)all.len, all.at));
}
