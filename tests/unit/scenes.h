// The upstream calls of an update, for the tests that go through it. All texts live until fake_reset.
#ifndef SCENES_H
#define SCENES_H

#include "fake_host.h"

// What the combined read tells about one user. NULL members are left out or null.
typedef struct scene_user {
    const char *id;
    const char *title; // the only text
    int revision, embedded_revision, attempts;
    const char *model, *hash;
} scene_user;

#define SCENE_READ "/rest/v1/users?select=id,current_title,professional_summary,resume_embedding_state(*"
#define SCENE_STORE "/rest/v1/rpc/store_resume_embeddings"
#define SCENE_FAILURES "/rest/v1/rpc/record_resume_failures"
#define SCENE_STALE "/rest/v1/rpc/stale_resumes"
#define SCENE_COUNT "/rest/v1/rpc/count_stale_resumes"

// The id of user number `i`, from 0.
const char *scene_id(int i);

// The row of the combined read, and the rows of several users from `from` up to `to`, each with a title of its own.
const char *scene_row(scene_user user);
const char *scene_rows(int from, int to);

// The title that scene_rows gives to user number `i`, and the SHA-256 of a text in hexadecimal digits.
const char *scene_title(int i);
const char *scene_hash(const char *text);

// The answer of the store: `outcome` for the users from `from` up to `to`.
const char *scene_outcomes(int from, int to, const char *outcome);

// The answer of the search for stale users.
const char *scene_stale(int from, int to);

// Expects a whole update of one user who has `title`: read, AI call and store.
void scene_expect_update(const char *id, const char *title, int revision);

// Answers reads, AI calls and stores of any users as a healthy upstream does; every user exists and is stale.
bool scene_healthy(const fake_call *call, host_reply *reply);

#endif
