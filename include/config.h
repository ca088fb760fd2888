// What the deployment has configured (DESIGN: bindings and variables), read once per event.
#ifndef CONFIG_H
#define CONFIG_H

#include "host.h"

typedef enum embedding_provider {
    PROVIDER_WORKERS_AI,
    PROVIDER_REST,
    PROVIDER_MOCK,
    PROVIDER_UNKNOWN
} embedding_provider;

typedef struct config {
    str supabase_url; // without a trailing slash
    str anon_key, service_key;
    str jwt_secret, jwt_issuer;
    embedding_provider provider;
    str provider_name; // as configured
    str model, pooling, gateway;
    str account_id, api_token, workers_ai_url;
    str allowed_origins, environment;
} config;

// Reads all variables, defaults in place of those that are not set. Nothing is checked here: what is missing or wrong
// shows where it is used. Texts are in the arena.
config config_read(arena *mem);

// The provider, model, pooling and text template in one tag; vectors of different tags cannot be compared. In the
// arena.
str config_model_tag(const config *cfg, arena *mem);

#endif
