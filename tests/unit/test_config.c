// config: variables, their defaults, and the tag that tells vectors apart.
#include "config.h"

#include "check.h"
#include "fake_host.h"

static void defaults(void)
{
    config cfg = config_read(fake_begin());
    CHECK_INT(cfg.provider, PROVIDER_WORKERS_AI);
    CHECK_STR(cfg.provider_name, "workers-ai");
    CHECK_STR(cfg.model, "@cf/baai/bge-base-en-v1.5");
    CHECK_STR(cfg.pooling, "mean");
    CHECK_STR(cfg.workers_ai_url, "https://api.cloudflare.com/client/v4");
    CHECK_STR(cfg.environment, "production");
    CHECK_INT(cfg.gateway.len + cfg.allowed_origins.len + cfg.jwt_issuer.len + cfg.account_id.len, 0);
}

static void providers(void)
{
    static const struct {
        const char *name;
        embedding_provider want;
    } rows[] = {
        {NULL, PROVIDER_WORKERS_AI},         {"", PROVIDER_WORKERS_AI},    {" ", PROVIDER_WORKERS_AI},
        {"workers-ai", PROVIDER_WORKERS_AI}, {" rest ", PROVIDER_REST},    {"mock", PROVIDER_MOCK},
        {"Mock", PROVIDER_UNKNOWN},          {"openai", PROVIDER_UNKNOWN},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_row(rows[i].name);
        fake_set("EMBEDDING_PROVIDER", rows[i].name);
        CHECK_INT(config_read(fake_begin()).provider, rows[i].want);
    }
}

static void trimming(void)
{
    fake_set("SUPABASE_URL", "\t" FAKE_URL "/\n");
    fake_set("EMBEDDING_MODEL", " m ");
    fake_set("SUPABASE_JWT_SECRET", " kept as it is ");
    config cfg = config_read(fake_begin());
    CHECK_STR(cfg.supabase_url, FAKE_URL);
    CHECK_STR(cfg.model, "m");
    CHECK_STR(cfg.jwt_secret, " kept as it is ");
}

static void tags(void)
{
    config cfg = config_read(fake_begin());
    CHECK_STR(config_model_tag(&cfg, &fake.mem), FAKE_TAG);
    fake_set("EMBEDDING_POOLING", "cls");
    cfg = config_read(fake_begin());
    CHECK_STR(config_model_tag(&cfg, &fake.mem), "@cf/baai/bge-base-en-v1.5;pooling=cls;text=1");
    fake_set("EMBEDDING_PROVIDER", "rest");
    fake_set("EMBEDDING_MODEL", "m");
    cfg = config_read(fake_begin());
    CHECK_STR(config_model_tag(&cfg, &fake.mem), "m;pooling=cls;text=1");
    fake_set("EMBEDDING_PROVIDER", "mock");
    cfg = config_read(fake_begin());
    CHECK_STR(config_model_tag(&cfg, &fake.mem), "mock;text=1");
}

static const test tests[] = {{"defaults", defaults}, {"providers", providers}, {"trimming", trimming}, {"tags", tags}};
const module config_tests = MODULE("config", tests);
