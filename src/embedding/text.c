// Assembling the resume text. A change here needs a new text version in config.c.
#include "embedding/text.h"

#include "base/buf.h"
#include "base/utf8.h"

static void put_part(buf *text, const cJSON *part)
{
    str trimmed = utf8_trim(json_text(part));
    if (!trimmed.len)
        return;
    if (text->len)
        buf_put_char(text, ' ');
    buf_put(text, trimmed);
}

// Whether a row read separately is this user's; rows read with their user carry no user_id.
static bool belongs_to(const cJSON *row, str user_id)
{
    const cJSON *owner = json_get(row, "user_id");
    return !owner || str_eq(json_text(owner), user_id);
}

str text_assemble(arena *mem, const text_source *source)
{
    buf text = buf_new(mem, 1024);
    str user_id = json_text(json_get(source->user, "id"));
    put_part(&text, json_get(source->user, "current_title"));
    put_part(&text, json_get(source->user, "professional_summary"));
    const cJSON *row;
    cJSON_ArrayForEach(row, source->experiences)
    {
        if (!belongs_to(row, user_id))
            continue;
        put_part(&text, json_get(row, "position"));
        put_part(&text, json_get(row, "company"));
        put_part(&text, json_get(row, "description"));
    }
    cJSON_ArrayForEach(row, source->skills)
    {
        if (belongs_to(row, user_id))
            put_part(&text, json_get(row, "name"));
    }
    return utf8_head(buf_str(&text), TEXT_MAX_CHARACTERS);
}
