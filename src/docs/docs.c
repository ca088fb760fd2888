// Health and the brief list of endpoints.
#include "docs/docs.h"

#include "docs/version.h"
#include "http/answer.h"
#include "routes.h"

void docs_health(context *ctx, const route *route)
{
    (void)route;
    buf body = buf_new(ctx->mem, 160);
    buf_puts(&body, S("{\"status\":\"ok\",\"version\":\"" VERSION "\",\"environment\":"));
    buf_put_json(&body, ctx->cfg.environment);
    buf_put(&body, S(",\"provider\":"));
    buf_put_json(&body, ctx->cfg.provider_name);
    buf_put(&body, S("}"));
    answer_json(ctx, 200, buf_str(&body));
}

static str access_name(route_access access)
{
    return access == ACCESS_PUBLIC ? S("none") : access == ACCESS_USER ? S("user token") : S("service-role key");
}

void docs_index(context *ctx, const route *route)
{
    (void)route;
    buf body = buf_new(ctx->mem, 4096), methods = buf_new(ctx->mem, 64);
    buf_put(&body, S("{\"name\":\"profile-embeddings\",\"version\":\"" VERSION
                     "\",\"documentation\":\"/api/openapi.json\",\"endpoints\":["));
    for (int32_t i = 0; i < route_count; i++) {
        methods.len = 0;
        router_put_methods(&methods, routes[i].methods);
        buf_puts(&body, i ? S(",") : S(""), S("{\"methods\":\""), buf_str(&methods), S("\",\"path\":\""),
                 routes[i].path, S("\",\"authentication\":\""), access_name(routes[i].access), S("\",\"summary\":\""),
                 routes[i].summary, S("\"}"));
    }
    buf_put(&body, S("]}"));
    answer_json(ctx, 200, buf_str(&body));
}
