// SHA-256 (FIPS 180-4) for the fake port, so that hashes in tests are those of production.
#ifndef SHA256_H
#define SHA256_H

#include "base/str.h"

void sha256(str bytes, uint8_t digest[32]);

#endif
