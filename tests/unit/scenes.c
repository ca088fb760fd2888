// The upstream of an update, played.
#include "scenes.h"

#include <stdio.h>

#include "base/buf.h"
#include "check.h"
#include "sha256.h"
#include "vectors.h"

const char *scene_id(int i)
{
    return fake_format("%08x-0000-4000-8000-000000000000", (unsigned)i);
}

const char *scene_title(int i)
{
    return fake_format(PRIVATE " title %d", i);
}

const char *scene_hash(const char *text)
{
    uint8_t digest[32];
    buf hex = buf_new(&fake.mem, 64);
    sha256(str_from_c(text), digest);
    buf_put_hex(&hex, digest, sizeof digest);
    return fake_format("%.*s", (int)hex.len, hex.at);
}

static const char *quoted(const char *text)
{
    return text ? fake_format("\"%s\"", text) : "null";
}

const char *scene_row(scene_user user)
{
    return fake_format("{\"id\":\"%s\",\"current_title\":%s,\"professional_summary\":null,\"resume_embedding_state\":{"
                       "\"revision\":%d,\"embedded_revision\":%d,\"model\":%s,\"text_hash\":%s,\"attempts\":%d},"
                       "\"work_experience\":[],\"skills\":[]}",
                       user.id, quoted(user.title), user.revision, user.embedded_revision, quoted(user.model),
                       quoted(user.hash), user.attempts);
}

// "[a,b,…]" of what `item` gives for each number.
static const char *list(int from, int to, const char *(*item)(int i, const char *argument), const char *argument)
{
    buf all = buf_new(&fake.mem, 256 * (to - from) + 2);
    buf_put_char(&all, '[');
    for (int i = from; i < to; i++)
        buf_puts(&all, i > from ? S(",") : S(""), str_from_c(item(i, argument)));
    buf_put_char(&all, ']');
    return fake_format("%.*s", (int)all.len, all.at);
}

static const char *row_item(int i, const char *argument)
{
    (void)argument;
    return scene_row((scene_user){.id = scene_id(i), .title = scene_title(i), .revision = 1});
}

const char *scene_rows(int from, int to)
{
    return list(from, to, row_item, NULL);
}

static const char *outcome_item(int i, const char *outcome)
{
    return fake_format("{\"user_id\":\"%s\",\"outcome\":\"%s\"}", scene_id(i), outcome);
}

const char *scene_outcomes(int from, int to, const char *outcome)
{
    return list(from, to, outcome_item, outcome);
}

static const char *stale_item(int i, const char *argument)
{
    (void)argument;
    return fake_format("{\"user_id\":\"%s\"}", scene_id(i));
}

const char *scene_stale(int from, int to)
{
    return list(from, to, stale_item, NULL);
}

void scene_expect_update(const char *id, const char *title, int revision)
{
    const char *row =
        scene_row((scene_user){.id = id, .title = title, .revision = revision, .embedded_revision = revision - 1});
    fake_expect((upstream){.method = "GET", .url = SCENE_READ, .reply = fake_format("[%s]", row)});
    fake_expect((upstream){.method = "AI",
                           .url = "@cf/baai/bge-base-en-v1.5",
                           .body = fake_format("{\"text\":[\"%s\"],\"pooling\":\"mean\"}", title),
                           .reply = ai_reply(1)});
    fake_expect((upstream){
        .method = "POST",
        .url = SCENE_STORE,
        .body = fake_format("{\"items\":[{\"user_id\":\"%s\",\"revision\":%d,\"model\":\"" FAKE_TAG
                            "\",\"text_hash\":\"%s\",\"embedding\":\"%s\"}]}",
                            id, revision, scene_hash(title), vector_text(768, "0.5")),
        .header = "authorization: Bearer " FAKE_SERVICE_KEY,
        .reply = fake_format("[{\"user_id\":\"%s\",\"outcome\":\"stored\"}]", id),
    });
}

// The ids of "…=in.(a,b)&…" or of the items of a store, each through `item`, as a JSON array.
static str for_each_id(str text, str before, const char *(*item)(const char *id))
{
    const char *all = "";
    for (ptrdiff_t i = 0; i + before.len + 36 <= text.len; i++) {
        if (!str_starts_with(str_slice(text, i, text.len), before))
            continue;
        for (i += before.len; str_is_uuid(str_slice(text, i, i + 36)); i += 37) {
            const char *id = fake_format("%.36s", text.at + i);
            all = fake_format("%s%s%s", all, all[0] ? "," : "", item(id));
        }
    }
    return str_from_c(fake_format("[%s]", all));
}

static const char *healthy_row(const char *id)
{
    return scene_row((scene_user){.id = id, .title = fake_format(PRIVATE " %s", id), .revision = 1});
}

static const char *stored_row(const char *id)
{
    return fake_format("{\"user_id\":\"%s\",\"outcome\":\"stored\"}", id);
}

bool scene_healthy(const fake_call *call, host_reply *reply)
{
    *reply = (host_reply){.status = 200};
    if (call->ai) {
        int count = 0;
        for (ptrdiff_t i = 0; i < call->body.len; i++)
            count += str_starts_with(str_slice(call->body, i, call->body.len), S("\"" PRIVATE));
        reply->body = str_from_c(ai_reply(count));
    } else if (str_starts_with(call->url, S(FAKE_URL "/rest/v1/users?"))) {
        reply->body = for_each_id(call->url, S("id=in.("), healthy_row);
    } else if (str_starts_with(call->url, S(FAKE_URL SCENE_STORE))) {
        reply->body = for_each_id(call->body, S("\"user_id\":\""), stored_row);
    } else {
        return false;
    }
    return true;
}
