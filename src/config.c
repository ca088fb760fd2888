// Configuration variables and their defaults.
#include "config.h"

#include "base/buf.h"

// Raise when the resume text is assembled differently: everyone is embedded anew, old vectors serving meanwhile.
static const char text_version[] = ";text=1";

static str var_or(arena *mem, str name, str fallback)
{
    str value = str_trim(host_var(mem, name));
    return value.len ? value : fallback;
}

static str without_slash(str url)
{
    while (str_ends_with(url, S("/")))
        url.len--;
    return url;
}

static embedding_provider provider_of(str name)
{
    return str_eq(name, S("workers-ai")) ? PROVIDER_WORKERS_AI
           : str_eq(name, S("rest"))     ? PROVIDER_REST
           : str_eq(name, S("mock"))     ? PROVIDER_MOCK
                                         : PROVIDER_UNKNOWN;
}

config config_read(arena *mem)
{
    config cfg = {
        .supabase_url = without_slash(var_or(mem, S("SUPABASE_URL"), S(""))),
        .anon_key = var_or(mem, S("SUPABASE_ANON_KEY"), S("")),
        .service_key = var_or(mem, S("SUPABASE_SERVICE_ROLE_KEY"), S("")),
        .jwt_secret = host_var(mem, S("SUPABASE_JWT_SECRET")),
        .jwt_issuer = var_or(mem, S("SUPABASE_JWT_ISSUER"), S("")),
        .provider_name = var_or(mem, S("EMBEDDING_PROVIDER"), S("workers-ai")),
        .model = var_or(mem, S("EMBEDDING_MODEL"), S("@cf/baai/bge-base-en-v1.5")),
        .pooling = var_or(mem, S("EMBEDDING_POOLING"), S("mean")),
        .gateway = var_or(mem, S("AI_GATEWAY_ID"), S("")),
        .account_id = var_or(mem, S("CLOUDFLARE_ACCOUNT_ID"), S("")),
        .api_token = var_or(mem, S("CLOUDFLARE_API_TOKEN"), S("")),
        .workers_ai_url =
            without_slash(var_or(mem, S("WORKERS_AI_BASE_URL"), S("https://api.cloudflare.com/client/v4"))),
        .allowed_origins = var_or(mem, S("ALLOWED_ORIGINS"), S("")),
        .environment = var_or(mem, S("ENVIRONMENT"), S("production")),
    };
    cfg.provider = provider_of(cfg.provider_name);
    return cfg;
}

str config_model_tag(const config *cfg, arena *mem)
{
    buf tag = buf_new(mem, 64);
    if (cfg->provider == PROVIDER_MOCK)
        buf_put(&tag, S("mock"));
    else
        buf_puts(&tag, cfg->model, S(";pooling="), cfg->pooling);
    buf_put(&tag, str_from_c(text_version));
    return buf_str(&tag);
}
