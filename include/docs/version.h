// The version of the API, as /health, /api and the OpenAPI document give it. The same as package.json's.
#ifndef DOCS_VERSION_H
#define DOCS_VERSION_H

#define VERSION "1.0.0"

#endif
